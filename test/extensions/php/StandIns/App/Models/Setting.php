<?php

declare(strict_types=1);

namespace App\Models;

/** Stand-in for a setting of a server or product. `saved` counts what the panel would have written. */
class Setting
{
    public int $saved = 0;

    public function __construct(public string $key, public mixed $value, public bool $encrypted = false)
    {
    }

    public function save(): void
    {
        $this->saved++;
    }
}
