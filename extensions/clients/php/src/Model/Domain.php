<?php

declare(strict_types=1);

namespace Provisor\Client\Model;

use Provisor\Client\Fields;

/** A customer's own domain on a site. */
final class Domain
{
    /** @param list<DomainRecord> $records */
    public function __construct(
        public readonly string $hostname,
        public readonly string $state,
        public readonly string $message,
        public readonly ?string $url,
        public readonly array $records,
        public readonly ?Operation $operation,
    ) {
    }

    public static function from(Fields $fields): self
    {
        $operation = $fields->objectOrNull('operation');
        return new self(
            $fields->string('hostname'),
            $fields->string('state'),
            $fields->string('message'),
            $fields->stringOrNull('url'),
            array_map(DomainRecord::from(...), $fields->objects('records')),
            $operation === null ? null : Operation::from($operation),
        );
    }

    public function isActive(): bool
    {
        return $this->state === 'active';
    }
}
