<?php

declare(strict_types=1);

namespace App\Models;

use Illuminate\Support\Collection;

/** Stand-in for the record of a configured server. */
class Server
{
    public string $type = 'server';
    /** @var Collection<int, Setting> */
    public Collection $settings;

    /** @param array<string, mixed> $settings */
    public function __construct(public string $extension, array $settings)
    {
        $make = static fn (mixed $value, string $key): Setting => new Setting($key, $value);
        $this->settings = (new Collection($settings))->map($make)->values();
    }

    /** As a relation: where() and get() are those of the collection. */
    public function settings(): ServerSettings
    {
        return new ServerSettings($this->settings);
    }
}
