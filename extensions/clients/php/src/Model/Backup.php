<?php

declare(strict_types=1);

namespace Provisor\Client\Model;

use Provisor\Client\Fields;

/** A copy of a site's data. */
final class Backup
{
    public function __construct(
        public readonly string $name,
        public readonly string $state,
        public readonly ?int $bytes,
        public readonly string $createdAt,
    ) {
    }

    public static function from(Fields $fields): self
    {
        return new self(
            $fields->string('name'),
            $fields->string('state'),
            $fields->intOrNull('bytes'),
            $fields->string('created_at'),
        );
    }

    public function isReady(): bool
    {
        return $this->state === 'ready';
    }
}
