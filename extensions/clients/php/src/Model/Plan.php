<?php

declare(strict_types=1);

namespace Provisor\Client\Model;

use Provisor\Client\Fields;

/** What a site of a plan is granted. */
final class Plan
{
    public function __construct(
        public readonly string $name,
        public readonly int $memoryMb,
        public readonly int $diskMb,
        public readonly int $backups,
        public readonly int $domains,
    ) {
    }

    public static function from(Fields $fields): self
    {
        return new self(
            $fields->string('name'),
            $fields->int('memory_mb'),
            $fields->int('disk_mb'),
            $fields->int('backups'),
            $fields->int('domains'),
        );
    }
}
