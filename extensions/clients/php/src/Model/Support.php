<?php

declare(strict_types=1);

namespace Provisor\Client\Model;

use Provisor\Client\Fields;

/** A support subscription. The key is there where the contract says so. */
final class Support
{
    public function __construct(
        public readonly string $serviceId,
        public readonly string $email,
        public readonly string $state,
        public readonly ?string $supportKey,
        public readonly ?string $keyMadeAt,
    ) {
    }

    public static function from(Fields $fields): self
    {
        return new self(
            $fields->string('service_id'),
            $fields->string('email'),
            $fields->string('state'),
            $fields->stringOrNull('support_key'),
            $fields->stringOrNull('key_made_at'),
        );
    }
}
