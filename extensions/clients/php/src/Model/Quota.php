<?php

declare(strict_types=1);

namespace Provisor\Client\Model;

use Provisor\Client\Fields;

/** How much of what a plan grants is in use. */
final class Quota
{
    public function __construct(public readonly int $used, public readonly int $limit)
    {
    }

    public static function from(Fields $fields): self
    {
        return new self($fields->int('used'), $fields->int('limit'));
    }

    public function isUsedUp(): bool
    {
        return $this->used >= $this->limit;
    }
}
