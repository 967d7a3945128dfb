<?php

declare(strict_types=1);

namespace App\Models;

use Illuminate\Support\Collection;

/** Stand-in for a product. */
class Product
{
    /** @var Collection<int, Setting> */
    public Collection $settings;

    /** @param array<string, mixed> $settings */
    public function __construct(public string $name, public Server $server, array $settings = [])
    {
        $make = static fn (mixed $value, string $key): Setting => new Setting($key, $value);
        $this->settings = (new Collection($settings))->map($make)->values();
    }
}
