<?php

declare(strict_types=1);

namespace Livewire;

/** Stand-in for Livewire's component: it remembers what it was told to do. */
abstract class Component
{
    /** @var list<array{0: string, 1: array<int|string, mixed>}> */
    private array $dispatched = [];
    private ?string $redirectsTo = null;

    public function dispatch($event, ...$params)
    {
        $this->dispatched[] = [$event, $params];
    }

    /** As a page of its own, by a route. */
    public function __invoke()
    {
        return \Provisor\Tests\Harness\Page::mountedByRoute(static::class);
    }

    public function reset(...$properties)
    {
        $class = new \ReflectionClass($this);
        foreach ($properties as $name) {
            $this->$name = $class->getProperty($name)->getDefaultValue();
        }
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
