<?php

declare(strict_types=1);

namespace Provisor\Client;

use InvalidArgumentException;
use Provisor\Client\Exception\ApiError;
use Provisor\Client\Exception\ProvisorException;
use Provisor\Client\Exception\UnexpectedAnswer;
use Provisor\Client\Exception\Unreachable;
use Provisor\Client\Http\Request;
use Provisor\Client\Http\Response;
use Provisor\Client\Http\Transport;
use SensitiveParameter;

/**
 * Turns calls into requests and answers into fields or errors. With a budget it
 * also repeats what may be repeated, and waits for an operation that is in the way.
 */
final class Api
{
    /** A job that waits longer is taken for dead by the panels, and begun again. */
    private const MAX_SECONDS = 24.0;
    private const CONNECT_SECONDS = 5.0;
    /** What an answer may take beside the time that the server was asked to wait. */
    private const ANSWER_SECONDS = 4.0;
    private const MAX_BYTES = 4_000_000;

    private readonly string $baseUrl;

    /** @throws InvalidArgumentException for an address or a key that cannot be one */
    public function __construct(
        private readonly Transport $transport,
        string $baseUrl,
        #[SensitiveParameter] private readonly string $key,
        private readonly float $requestSeconds,
    ) {
        $parts = parse_url($baseUrl);
        $isUrl = is_array($parts) && in_array($parts['scheme'] ?? '', ['http', 'https'], true) && isset($parts['host']);
        if (!$isUrl || isset($parts['user']) || isset($parts['query']) || isset($parts['fragment'])) {
            throw new InvalidArgumentException('The address must look like https://provisor.example.com.');
        }
        if (preg_match('/^[\x21-\x7e]+$/D', $key) !== 1) {
            throw new InvalidArgumentException('The key is empty, or has characters that no key has.');
        }
        $this->baseUrl = rtrim($baseUrl, '/');
    }

    /**
     * Carries a call out. Without a budget it is sent once.
     *
     * @throws ProvisorException
     */
    public function send(Call $call, ?Budget $budget = null): Fields
    {
        for ($attempt = 1;; $attempt++) {
            try {
                return $this->sendOnce($call, $budget);
            } catch (ProvisorException $error) {
                $again = $budget !== null && $call->isRepeatable() && $error->retryable;
                if (!$again || !$this->waitAfter($error, $attempt, $budget)) {
                    throw $error;
                }
            }
        }
    }

    /**
     * Carries out a call, sent once, whose answer is a text.
     *
     * @throws ProvisorException
     */
    public function sendForText(Call $call): string
    {
        $response = $this->request($call, null);
        if ($response->status !== 200) {
            self::read($response);
        }
        $type = (string) $response->header('Content-Type');
        if ($response->status !== 200 || !str_starts_with($type, $call->accept)) {
            throw new UnexpectedAnswer($response->status, "The answer is not $call->accept.");
        }
        return self::limited($response)->body;
    }

    /** Waits until a repeat makes sense. False when the budget does not reach that far. */
    private function waitAfter(ProvisorException $error, int $attempt, Budget $budget): bool
    {
        if ($error instanceof ApiError && $error->code() === 'operation_in_progress' && $error->operationId !== null) {
            try {
                return $this->waitForEnd($error->operationId, $budget);
            } catch (ProvisorException) {
                // It cannot be watched (a key may lack that scope): the call itself will tell when it is over.
                return $budget->pause(2.0);
            }
        }
        $retryAfter = $error instanceof ApiError ? $error->retryAfter : null;
        return $budget->pause($retryAfter ?? min(4.0, 0.25 * 2 ** $attempt));
    }

    /** Long-polls an operation that is in the way. False when it has not ended in time. */
    private function waitForEnd(string $operationId, Budget $budget): bool
    {
        while (($wait = self::waitWithin($budget)) > 0) {
            $path = Call::path('v1', 'operations', $operationId);
            $fields = $this->sendOnce(new Call('GET', $path, query: ['wait' => $wait]), $budget);
            if ($fields->stringOrNull('finished_at') !== null) {
                return true;
            }
        }
        return false;
    }

    /** Whole seconds that the server can be asked to wait, so that its answer still comes within the budget. */
    public static function waitWithin(Budget $budget): int
    {
        return (int) min(self::MAX_SECONDS - self::ANSWER_SECONDS, max(0.0, $budget->left() - 1.0));
    }

    private function sendOnce(Call $call, ?Budget $budget): Fields
    {
        return self::read($this->request($call, $budget));
    }

    private function request(Call $call, ?Budget $budget): Response
    {
        $needed = max($call->seconds, $call->wait, (float) ($call->query['wait'] ?? 0)) + self::ANSWER_SECONDS;
        $seconds = max($this->requestSeconds, $needed);
        $seconds = min(self::MAX_SECONDS, $seconds, $budget?->left() ?? self::MAX_SECONDS);
        if ($seconds <= 0.0) {
            throw new Unreachable('No time is left for this call.', mayHaveArrived: false);
        }
        $query = $call->query === [] ? '' : '?' . http_build_query($call->query, '', '&', PHP_QUERY_RFC3986);
        $flags = JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE;
        $body = $call->body === null ? null : json_encode((object) $call->body, $flags);
        return $this->transport->send(new Request(
            $call->method,
            $this->baseUrl . $call->path . $query,
            $this->headersOf($call),
            $body,
            min(self::CONNECT_SECONDS, $seconds),
            $seconds,
        ));
    }

    /** @return array<string, string> */
    private function headersOf(Call $call): array
    {
        $headers = ['Authorization' => "Bearer $this->key", 'Accept' => $call->accept];
        if ($call->body !== null) {
            $headers['Content-Type'] = 'application/json';
        }
        if ($call->key !== null) {
            $headers['Idempotency-Key'] = $call->key;
        }
        if ($call->wait > 0) {
            $headers['Prefer'] = "wait=$call->wait";
        }
        return $headers;
    }

    private static function limited(Response $response): Response
    {
        if (strlen($response->body) > self::MAX_BYTES) {
            throw new UnexpectedAnswer($response->status, 'The answer is too long.');
        }
        return $response;
    }

    private static function read(Response $response): Fields
    {
        $fields = Fields::fromJson(self::limited($response)->body, $response->status);
        if ($response->status >= 200 && $response->status < 300) {
            return $fields;
        }
        $retryAfter = $response->header('Retry-After');
        throw new ApiError(
            $fields->string('error'),
            $response->status,
            $fields->string('code'),
            $fields->bool('retryable'),
            $fields->stringOrNull('request_id'),
            $retryAfter !== null && ctype_digit($retryAfter) ? (int) $retryAfter : null,
            $fields->objectOrNull('details'),
            self::violations($fields),
        );
    }

    /** @return list<string> */
    private static function violations(Fields $fields): array
    {
        if (!$fields->has('errors')) {
            return [];
        }
        $say = static fn (Fields $one): string => $one->string('path') . ': ' . $one->string('message');
        return array_map($say, $fields->objects('errors'));
    }
}
