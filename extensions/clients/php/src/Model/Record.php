<?php

declare(strict_types=1);

namespace Provisor\Client\Model;

use Provisor\Client\Fields;

/** A DNS record, and how it stands to what was asked for. */
final class Record
{
    /**
     * @param string $name `@` for the zone itself, else the part before the zone
     * @param string $data as it was asked for; `PROXYSRV` for the reverse proxy
     * @param string $published the data as the nameservers have it
     * @param ?string $serviceId the service whose site manages it; null where its owner does
     */
    public function __construct(
        public readonly string $id,
        public readonly string $name,
        public readonly string $type,
        public readonly string $data,
        public readonly int $ttl,
        public readonly ?int $priority,
        public readonly ?int $weight,
        public readonly ?int $port,
        public readonly ?int $flags,
        public readonly ?string $tag,
        public readonly string $published,
        public readonly string $state,
        public readonly ?string $serviceId,
        public readonly ?Operation $operation,
    ) {
    }

    public static function from(Fields $fields): self
    {
        $operation = $fields->objectOrNull('operation');
        return new self(
            $fields->string('id'),
            $fields->string('name'),
            $fields->string('type'),
            $fields->string('data'),
            $fields->int('ttl'),
            $fields->intOrNull('priority'),
            $fields->intOrNull('weight'),
            $fields->intOrNull('port'),
            $fields->intOrNull('flags'),
            $fields->stringOrNull('tag'),
            $fields->string('published'),
            $fields->string('state'),
            $fields->objectOrNull('managed_by')?->string('service_id'),
            $operation === null ? null : Operation::from($operation),
        );
    }

    /** Whether it is published other than it was asked for. */
    public function hasDrifted(): bool
    {
        return in_array($this->state, ['changed', 'missing', 'foreign'], true);
    }

    /** The numbers and words that stand before the data in a zone file: priority, weight, port, flags, tag. */
    public function prefix(): string
    {
        $parts = [$this->flags, $this->tag, $this->priority, $this->weight, $this->port];
        return implode(' ', array_filter($parts, static fn (int|string|null $part): bool => $part !== null));
    }
}
