<?php

declare(strict_types=1);

namespace Provisor\Client\Http;

use SensitiveParameter;

/** One request, ready to be sent. */
final class Request
{
    /**
     * @param array<string, string> $headers
     * @param float $connectSeconds how long the connection may take
     * @param float $totalSeconds how long all of it may take
     */
    public function __construct(
        public readonly string $method,
        public readonly string $url,
        #[SensitiveParameter] public readonly array $headers,
        public readonly ?string $body,
        public readonly float $connectSeconds,
        public readonly float $totalSeconds,
    ) {
    }
}
