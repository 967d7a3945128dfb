<?php

declare(strict_types=1);

namespace Provisor\Client\Model;

use Provisor\Client\Fields;

/** The records of a zone as they are published, and how many it may have. */
final class RecordList
{
    /**
     * @param list<Record> $records
     * @param ?Quota $quota null for the zone of the site domain
     * @param bool $verified false while the provider did not answer: the list is what was asked for
     */
    public function __construct(
        public readonly array $records,
        public readonly ?Quota $quota,
        public readonly bool $verified,
    ) {
    }

    public static function from(Fields $fields): self
    {
        $quota = $fields->objectOrNull('quota');
        return new self(
            array_map(Record::from(...), $fields->objects('data')),
            $quota === null ? null : Quota::from($quota),
            $fields->bool('verified'),
        );
    }

    public function find(string $id): ?Record
    {
        foreach ($this->records as $record) {
            if ($record->id === $id) {
                return $record;
            }
        }
        return null;
    }
}
