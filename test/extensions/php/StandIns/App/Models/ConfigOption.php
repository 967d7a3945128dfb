<?php

declare(strict_types=1);

namespace App\Models;

/** Stand-in for an option that was chosen with the order. */
class ConfigOption
{
    public function __construct(public string $variable, public string $value)
    {
    }
}
