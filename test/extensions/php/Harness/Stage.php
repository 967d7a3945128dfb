<?php

declare(strict_types=1);

namespace Provisor\Tests\Harness;

use RuntimeException;

/**
 * The live Provisor that the tests speak to, with a way in front of it that
 * loses, delays and garbles answers when it is told to.
 */
final class Stage
{
    /** The way in. */
    public static function url(): string
    {
        return self::variable('PROVISOR_STAGE_URL');
    }

    public static function key(): string
    {
        return self::variable('PROVISOR_STAGE_KEY');
    }

    /** A key that may only read plans. */
    public static function poorKey(): string
    {
        return self::variable('PROVISOR_STAGE_POOR_KEY');
    }

    /**
     * The next calls that match misbehave.
     *
     * @param string $match the beginning of `METHOD /path`
     * @param string $how `loses the answer`, `is slow`, `answers garbage`, `answers a page`, `answers null`, `answers`
     * @param array<string, mixed> $answer for `answers`: `status` and `body`
     */
    public static function fault(string $match, string $how, int $times = 1, array $answer = []): void
    {
        self::tell('fault', ['match' => $match, 'how' => $how, 'times' => $times, 'answer' => $answer]);
    }

    /** Forgets faults that did not happen, lets go what is held, and forgets the calls so far. */
    public static function reset(): void
    {
        self::tell('reset', []);
    }

    /** From now on the provider's method waits until `release`. */
    public static function hold(string $method): void
    {
        self::tell('hold', ['method' => $method]);
    }

    public static function release(): void
    {
        self::tell('release', []);
    }

    /** Lets go what is held as soon as a call begins that matches. */
    public static function releaseAt(string $match): void
    {
        self::tell('release-at', ['match' => $match]);
    }

    /** The provider refuses this method, for good, until `reset`. */
    public static function refuse(string $method): void
    {
        self::tell('refuse', ['method' => $method]);
    }

    /** What the world's DNS says of a name. Without values it is not there. */
    public static function dns(string $name, string $type, string ...$values): void
    {
        self::tell('dns', ['name' => $name, 'type' => $type, 'values' => $values]);
    }

    /** What the TLD delegates a domain to. Without hosts nobody has registered it. */
    public static function delegate(string $domain, string ...$hosts): void
    {
        self::tell('delegate', ['domain' => $domain, 'hosts' => $hosts]);
    }

    /**
     * Changes what is published, past Provisor.
     *
     * @param array<string, mixed> $change `op` with `old` and `new`, each an RRset
     */
    public static function behindOurBack(string $zone, array $change): void
    {
        self::tell('behind-our-back', ['zone' => $zone, 'change' => $change]);
    }

    /** From now on the DNS provider's changes wait until `release`. */
    public static function holdDns(): void
    {
        self::tell('hold-dns', []);
    }

    /**
     * @return list<array{call: string, key: ?string, body: string}> since the last reset
     */
    public static function calls(string $match = ''): array
    {
        $calls = self::tell('calls', [])['calls'];
        $fits = static fn (array $one): bool => str_starts_with($one['call'], $match);
        return array_values(array_filter($calls, $fits));
    }

    /**
     * One call past the way in, as the panel.
     *
     * @param array<string, mixed>|null $body
     * @return array<string, mixed>
     */
    public static function api(string $method, string $path, ?array $body = null): array
    {
        return self::http($method, self::variable('PROVISOR_STAGE_APP') . $path, $body, [
            'Authorization: Bearer ' . self::key(),
            'Prefer: wait=20',
        ]);
    }

    /** The state in which a site ends up. */
    public static function settledState(string $serviceId): string
    {
        do {
            $site = self::api('GET', "/v1/sites/$serviceId");
            $operation = $site['operation'] ?? null;
            $open = $operation !== null && $operation['finished_at'] === null;
            if ($open) {
                self::api('GET', "/v1/operations/{$operation['id']}?wait=20");
            }
        } while ($open);
        return $site['state'] ?? $site['code'];
    }

    /** What a visitor of this name gets. */
    public static function visit(string $hostname): int
    {
        return self::tell('visit', ['hostname' => $hostname])['status'];
    }

    /**
     * @param array<string, mixed> $order
     * @return array<string, mixed>
     */
    private static function tell(string $what, array $order): array
    {
        return self::http('POST', self::variable('PROVISOR_STAGE_URL') . "/stage/$what", $order, []);
    }

    /**
     * @param array<string, mixed>|null $body
     * @param list<string> $headers
     * @return array<string, mixed>
     */
    private static function http(string $method, string $url, ?array $body, array $headers): array
    {
        $handle = curl_init($url);
        curl_setopt_array($handle, [
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_HTTPHEADER => ['Content-Type: application/json', ...$headers],
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_TIMEOUT => 30,
        ] + ($body === null ? [] : [CURLOPT_POSTFIELDS => json_encode((object) $body, JSON_THROW_ON_ERROR)]));
        $answer = curl_exec($handle);
        if (!is_string($answer)) {
            throw new RuntimeException("$method $url: " . curl_error($handle));
        }
        return $answer === '' ? [] : json_decode($answer, true, 64, JSON_THROW_ON_ERROR);
    }

    private static function variable(string $name): string
    {
        $value = getenv($name);
        return is_string($value) && $value !== '' ? $value : throw new RuntimeException("$name is not set");
    }
}
