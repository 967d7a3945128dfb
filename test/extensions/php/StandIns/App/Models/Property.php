<?php

declare(strict_types=1);

namespace App\Models;

/** Stand-in for a property of a service: plain text that its customer can read. */
class Property
{
    public function __construct(public string $key, public string $name, public mixed $value)
    {
    }
}
