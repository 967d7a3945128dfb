<?php

declare(strict_types=1);

namespace Provisor\Client;

/** A call as the contract has it, before it becomes requests. */
final class Call
{
    /**
     * @param string $path from the root, its parts encoded already (see `path`)
     * @param array<string, string|int> $query
     * @param ?array<string, mixed> $body
     * @param ?string $key sent as Idempotency-Key
     * @param float $seconds that the contract grants this call, where it is slow by its nature
     * @param int $wait seconds that Provisor may wait for the end before it answers; sent as `Prefer`, none when 0
     * @param string $accept what the answer is, where it is no JSON
     * @param bool $repeatable a POST that has no key, and yet does the same when it is sent twice
     */
    public function __construct(
        public readonly string $method,
        public readonly string $path,
        public readonly array $query = [],
        public readonly ?array $body = null,
        public readonly ?string $key = null,
        public readonly float $seconds = 0.0,
        public readonly int $wait = 0,
        public readonly string $accept = 'application/json',
        private readonly bool $repeatable = false,
    ) {
    }

    /** A path from its parts, none of which can leave its place. */
    public static function path(string ...$parts): string
    {
        return '/' . implode('/', array_map(rawurlencode(...), $parts));
    }

    /** A key for one wish: the same for its repeats, another for the next wish. */
    public static function newKey(): string
    {
        return bin2hex(random_bytes(16));
    }

    /** Whether sending it twice does what sending it once does. */
    public function isRepeatable(): bool
    {
        return $this->method !== 'POST' || $this->key !== null || $this->repeatable;
    }
}
