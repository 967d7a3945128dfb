<?php

declare(strict_types=1);

namespace Provisor\Client\Model;

use Provisor\Client\Fields;

/** How a site is at this moment. What the provider does not know is null. */
final class SiteStatus
{
    public function __construct(
        public readonly string $state,
        public readonly string $workload,
        public readonly ?float $cpu,
        public readonly ?int $memoryBytes,
        public readonly int $memoryLimitBytes,
        public readonly ?int $diskBytes,
        public readonly int $diskLimitBytes,
        public readonly ?int $uptimeSeconds,
    ) {
    }

    public static function from(Fields $fields): self
    {
        return new self(
            $fields->string('state'),
            $fields->string('workload'),
            $fields->floatOrNull('cpu'),
            $fields->intOrNull('memory_bytes'),
            $fields->int('memory_limit_bytes'),
            $fields->intOrNull('disk_bytes'),
            $fields->int('disk_limit_bytes'),
            $fields->intOrNull('uptime_seconds'),
        );
    }
}
