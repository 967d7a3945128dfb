<?php

declare(strict_types=1);

namespace App\Models;

use Illuminate\Support\Collection;

/** Stand-in for the relation of a server to its settings. */
class ServerSettings
{
    /** @param Collection<int, Setting> $settings */
    public function __construct(private Collection $settings)
    {
    }

    public function where(string $column, mixed $value): self
    {
        return new self($this->settings->where($column, $value));
    }

    /** @return Collection<int, Setting> */
    public function get(): Collection
    {
        return $this->settings;
    }
}
