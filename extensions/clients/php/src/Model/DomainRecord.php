<?php

declare(strict_types=1);

namespace Provisor\Client\Model;

use Provisor\Client\Fields;

/** A DNS record that the customer has to set for a domain, exactly as it has to be. */
final class DomainRecord
{
    public function __construct(
        public readonly string $purpose,
        public readonly string $name,
        public readonly string $type,
        public readonly string $value,
        public readonly bool $required,
    ) {
    }

    public static function from(Fields $fields): self
    {
        return new self(
            $fields->string('purpose'),
            $fields->string('name'),
            $fields->string('type'),
            $fields->string('value'),
            $fields->bool('required'),
        );
    }
}
