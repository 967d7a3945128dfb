<?php

declare(strict_types=1);

namespace App\Classes\Extension;

/** Stand-in for the panel's base class. Its `config` is only read from within the extension's own class. */
class Extension
{
    /** @param array<string, mixed> $config */
    public function __construct(public $config = [])
    {
    }

    public function config($key)
    {
        if (empty($this->config)) {
            // As the panel does where an extension is made without its settings.
            $name = substr((string) strrchr(static::class, '\\'), 1);
            $this->config = \App\Models\Extension::standInSettings($name);
        }
        return $this->config[$key] ?? null;
    }

    public function getConfig($values = [])
    {
        return [];
    }

    public function installed()
    {
    }

    public function boot()
    {
    }
}
