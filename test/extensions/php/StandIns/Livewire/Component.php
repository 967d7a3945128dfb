<?php

declare(strict_types=1);

namespace Livewire;

/** Stand-in for Livewire's component: it only remembers what it was told to do. */
abstract class Component
{
    /** @var list<array{0: string, 1: array<int|string, mixed>}> */
    private array $dispatched = [];
    private ?string $redirectsTo = null;

    public function dispatch($event, ...$params)
    {
        $this->dispatched[] = [$event, $params];
    }

    public function redirect($url, $navigate = false)
    {
        $this->redirectsTo = $url;
    }

    /** @return list<array{0: string, 1: array<int|string, mixed>}> */
    final public function standInEvents(): array
    {
        return $this->dispatched;
    }

    final public function standInRedirect(): ?string
    {
        return $this->redirectsTo;
    }
}
