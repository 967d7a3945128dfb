<?php

declare(strict_types=1);

namespace Provisor\Paymenter;

use InvalidArgumentException;
use Provisor\Client\Client;
use Provisor\Client\Exception\ApiError;
use Provisor\Client\Exception\ProvisorException;
use Provisor\Client\Exception\UnexpectedAnswer;
use Provisor\Client\Exception\Unreachable;
use Provisor\Client\Http\LaravelTransport;
use SensitiveParameter;

/** The settings that every extension of ours has: where Provisor is, and the key that it knows this panel by. */
final class Connection
{
    public const MAX_PATIENCE = 20;
    private const REQUEST_SECONDS = 6.0;

    public function __construct(private readonly Words $words)
    {
    }

    /** @return list<array<string, mixed>> fields for getConfig */
    public function fields(): array
    {
        return [
            [
                'name' => 'url',
                'label' => $this->words->shared('connection.url'),
                'description' => $this->words->shared('connection.url_help'),
                'type' => 'text',
                'placeholder' => 'https://provisor.example.com',
                'required' => true,
                'validation' => ['url'],
            ],
            [
                'name' => 'api_key',
                'label' => $this->words->shared('connection.key'),
                'description' => $this->words->shared('connection.key_help'),
                'type' => 'password',
                'required' => true,
                'encrypted' => true,
            ],
        ];
    }

    /** @return array<string, mixed> a field for getConfig of what has jobs */
    public function patienceField(): array
    {
        return [
            'name' => 'patience',
            'label' => $this->words->shared('connection.patience'),
            'description' => $this->words->shared('connection.patience_help'),
            'type' => 'number',
            'default' => self::MAX_PATIENCE,
            'min_value' => 0,
            'max_value' => self::MAX_PATIENCE,
            'required' => true,
            'validation' => ['integer', 'between:0,' . self::MAX_PATIENCE],
        ];
    }

    /**
     * A page waits for it as well, so no request takes long. A job has its patience beside.
     *
     * @throws InvalidArgumentException when they cannot be an address and a key
     */
    public function client(mixed $url, #[SensitiveParameter] mixed $key): Client
    {
        return new Client(
            new LaravelTransport(),
            is_string($url) ? trim($url) : '',
            is_string($key) ? trim($key) : '',
            self::REQUEST_SECONDS
        );
    }

    /** Seconds that one job may wait in all. */
    public static function patience(mixed $setting): float
    {
        return is_numeric($setting) ? max(0.0, min((float) self::MAX_PATIENCE, (float) $setting)) : self::MAX_PATIENCE;
    }

    /**
     * True, or what is wrong and where to mend it.
     *
     * @param list<string> $scopes that the extension cannot work without
     */
    public function test(mixed $url, #[SensitiveParameter] mixed $key, array $scopes): bool|string
    {
        try {
            $missing = array_diff($scopes, $this->client($url, $key)->whoami()->scopes);
        } catch (InvalidArgumentException $error) {
            return $error->getMessage();
        } catch (ProvisorException $error) {
            return $this->diagnosis($error);
        }
        return $missing === []
            ? true
            : $this->words->shared('connection.scopes_missing', ['scopes' => implode(', ', $missing)]);
    }

    private function diagnosis(ProvisorException $error): string
    {
        return match (true) {
            $error instanceof Unreachable => $this->words->shared('connection.unreachable', [
                'reason' => $error->reason,
            ]),
            $error instanceof UnexpectedAnswer => $this->words->shared('connection.not_provisor', [
                'status' => $error->status,
                'reason' => $error->reason,
            ]),
            $error instanceof ApiError && $error->status === 401 => $this->words->shared('connection.key_refused', [
                'reason' => $error->getMessage(),
            ]),
            default => $this->words->report($error),
        };
    }
}
