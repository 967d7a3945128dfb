<?php

declare(strict_types=1);

namespace Provisor\Client\Model;

use Provisor\Client\Fields;

/** Whom the key belongs to, and what it may do. */
final class Identity
{
    /** @param list<string> $scopes */
    public function __construct(
        public readonly string $panel,
        public readonly array $scopes,
        public readonly ?string $expiresAt,
        public readonly string $version,
    ) {
    }

    public static function from(Fields $fields): self
    {
        $key = $fields->object('key');
        return new self(
            $fields->object('panel')->string('name'),
            $key->strings('scopes'),
            $key->stringOrNull('expires_at'),
            $fields->string('version'),
        );
    }
}
