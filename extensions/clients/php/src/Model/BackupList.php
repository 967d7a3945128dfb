<?php

declare(strict_types=1);

namespace Provisor\Client\Model;

use Provisor\Client\Fields;

/** All backups of a site, newest first, and how many it may have. */
final class BackupList
{
    /**
     * @param list<Backup> $backups
     * @param bool $verified false while the provider did not answer: the list is as last known
     */
    public function __construct(
        public readonly array $backups,
        public readonly Quota $quota,
        public readonly bool $verified,
    ) {
    }

    public static function from(Fields $fields): self
    {
        return new self(
            array_map(Backup::from(...), $fields->objects('data')),
            Quota::from($fields->object('quota')),
            $fields->bool('verified'),
        );
    }
}
