<?php

declare(strict_types=1);

namespace Provisor\Client\Model;

use Provisor\Client\Fields;

/** All domains of a site, oldest first, and how many it may have. */
final class DomainList
{
    /** @param list<Domain> $domains */
    public function __construct(public readonly array $domains, public readonly Quota $quota)
    {
    }

    public static function from(Fields $fields): self
    {
        return new self(
            array_map(Domain::from(...), $fields->objects('data')),
            Quota::from($fields->object('quota')),
        );
    }
}
