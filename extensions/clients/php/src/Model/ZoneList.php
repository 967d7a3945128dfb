<?php

declare(strict_types=1);

namespace Provisor\Client\Model;

use Provisor\Client\Fields;

/** All zones of a customer, newest first, and how many there may be. */
final class ZoneList
{
    /** @param list<Zone> $zones */
    public function __construct(public readonly array $zones, public readonly Quota $quota)
    {
    }

    /**
     * @param list<Zone> $zones of all pages
     * @param Fields $page the last of them
     */
    public static function from(array $zones, Fields $page): self
    {
        return new self($zones, Quota::from($page->object('quota')));
    }
}
