<?php

declare(strict_types=1);

namespace Livewire;

use Illuminate\View\View;
use Provisor\Tests\Harness\Page;

/** Stand-in for Livewire's facade: components by their names. */
class Livewire
{
    /** @var array<string, class-string<Component>> */
    private static array $components = [];

    /** @param class-string<Component> $class */
    public static function component(string $name, string $class): void
    {
        self::$components[$name] = $class;
    }

    /** @return class-string<Component> */
    public static function standInClass(string $name): string
    {
        return self::$components[$name];
    }

    /** @param class-string<Component> $class */
    public static function standInName(string $class): string
    {
        return (string) array_search($class, self::$components, true);
    }

    /** What the panel's layout gets to know. The page itself stays as it is. */
    public static function standInMacros(): void
    {
        View::macro('layoutData', function (array $data): View {
            Page::$layout = $data;
            return $this;
        });
    }
}
