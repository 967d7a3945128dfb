<?php

declare(strict_types=1);

namespace Provisor\Client\Model;

use Provisor\Client\Fields;

/** A DNS zone, with the operation that was last begun on it. */
final class Zone
{
    /**
     * @param string $name in A-labels
     * @param string $unicodeName as its owner writes it
     * @param list<string> $nameservers that its domain has to have
     * @param ?Quota $quota of records; null for the zone of the site domain
     */
    public function __construct(
        public readonly string $name,
        public readonly string $unicodeName,
        public readonly ?string $customerId,
        public readonly string $managedBy,
        public readonly string $state,
        public readonly array $nameservers,
        public readonly ?Quota $quota,
        public readonly ?Operation $operation,
    ) {
    }

    public static function from(Fields $fields): self
    {
        $quota = $fields->objectOrNull('quota');
        $operation = $fields->objectOrNull('operation');
        return new self(
            $fields->string('name'),
            $fields->string('unicode_name'),
            $fields->stringOrNull('customer_id'),
            $fields->string('managed_by'),
            $fields->string('state'),
            $fields->strings('nameservers'),
            $quota === null ? null : Quota::from($quota),
            $operation === null ? null : Operation::from($operation),
        );
    }

    public function isBusy(): bool
    {
        return $this->operation !== null && $this->operation->isUnderWay();
    }

    /** Whether its records can be edited: it is there, and its owner's. */
    public function isEditable(): bool
    {
        return $this->state === 'active' && $this->managedBy === 'customer';
    }
}
