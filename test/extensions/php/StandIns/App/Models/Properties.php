<?php

declare(strict_types=1);

namespace App\Models;

/** Stand-in for the relation of a service to its properties. */
class Properties
{
    public function __construct(private Service $service)
    {
    }

    /**
     * @param array{key: string} $match
     * @param array{name?: string, value?: mixed} $values
     */
    public function updateOrCreate(array $match, array $values): Property
    {
        $property = new Property($match['key'], $values['name'] ?? $match['key'], $values['value'] ?? null);
        return $this->service->properties[$match['key']] = $property;
    }
}
