<?php

declare(strict_types=1);

namespace Provisor\Tests\Harness;

use App\Exceptions\DisplayException;
use App\Models\Service;
use Illuminate\Contracts\View\View;
use Livewire\Attributes\Locked;
use Livewire\Component;
use Livewire\Livewire;
use ReflectionClass;
use ReflectionMethod;
use ReflectionProperty;
use RuntimeException;

/**
 * Stand-in for what Livewire does around a component: between two requests
 * nothing is kept but its public properties, which go through JSON; only public
 * methods of its own are called; what is locked is not set from outside.
 */
final class Page
{
    /** What a customer sees, without the view's own stylesheet. */
    public string $html = '';
    /** What the browser gets. */
    public string $document = '';
    /** @var list<array{message: string, type: string}> what the customer was told by the last action */
    public array $notices = [];
    public ?string $redirect = null;
    /** The last page that a view mounted. */
    public static ?self $last = null;

    /** @param class-string<Component> $class */
    private function __construct(private string $class, private string $state)
    {
    }

    /** Opens the view of a service, as the panel does. */
    public static function open(Service $service, string $view): self
    {
        self::$last = null;
        $result = \App\Helpers\ExtensionHelper::callService($service, 'getView', [$view]);
        $html = $result instanceof View ? $result->render() : (string) $result;
        if (self::$last === null) {
            throw new RuntimeException("The view mounts no component: $html");
        }
        return self::$last;
    }

    /** A page from what the browser has of it. */
    public static function resume(string $name, string $state): self
    {
        return new self(Livewire::standInClass($name), $state);
    }

    /**
     * What `@livewire` stands for.
     *
     * @param array<string, mixed> $parameters
     */
    public static function mounted(string $name, array $parameters = []): string
    {
        $class = Livewire::standInClass($name);
        $component = new $class();
        $component->mount(...$parameters);
        $page = new self($class, '');
        self::$last = $page;
        $page->finish($component);
        return $page->document;
    }

    /** Presses a button. */
    public function call(string $method, mixed ...$arguments): self
    {
        $component = $this->hydrated();
        $reflection = new ReflectionMethod($component, $method);
        if (!$reflection->isPublic() || $reflection->class !== $this->class || $method === 'render') {
            throw new RuntimeException("The browser may not call $method");
        }
        try {
            $component->$method(...$arguments);
        } catch (DisplayException $error) {
            $component->notify($error->getMessage(), 'error');
        }
        return $this->finish($component);
    }

    /** Types into a field. */
    public function set(string $name, mixed $value): self
    {
        $component = $this->hydrated();
        if ((new ReflectionProperty($component, $name))->getAttributes(Locked::class) !== []) {
            throw new RuntimeException("$name is locked");
        }
        $component->$name = $value;
        return $this->finish($component);
    }

    /** Looks again, as its poll does. */
    public function refresh(): self
    {
        return $this->finish($this->hydrated());
    }

    /** What the browser holds. */
    public function state(): string
    {
        return $this->state;
    }

    private function finish(Component $component): self
    {
        $values = [];
        foreach ($this->properties() as $property) {
            $value = $property->getValue($component);
            $values[$property->name] = $value instanceof Service ? ['service' => $value->id] : $value;
        }
        $this->state = json_encode($values, JSON_THROW_ON_ERROR);
        $this->redirect = $component->standInRedirect();
        $this->notices = array_map(static fn (array $event): array => $event[1][0], $component->standInEvents());
        $this->document = $component->render()->with($this->variables($component))->render();
        $this->html = (string) preg_replace('~<style>.*?</style>~s', '', $this->document);
        return $this;
    }

    private function hydrated(): Component
    {
        $component = new $this->class();
        foreach (json_decode($this->state, true, 16, JSON_THROW_ON_ERROR) as $name => $value) {
            $isService = is_array($value) && isset($value['service']);
            $component->$name = $isService ? Service::find($value['service']) : $value;
        }
        return $component;
    }

    /** @return array<string, mixed> */
    private function variables(Component $component): array
    {
        $variables = [];
        foreach ($this->properties() as $property) {
            $variables[$property->name] = $property->getValue($component);
        }
        return $variables;
    }

    /** @return list<ReflectionProperty> */
    private function properties(): array
    {
        return (new ReflectionClass($this->class))->getProperties(ReflectionProperty::IS_PUBLIC);
    }
}
