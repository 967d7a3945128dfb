<?php

declare(strict_types=1);

namespace Provisor\Tests\Harness;

use App\Exceptions\DisplayException;
use App\Models\Service;
use Illuminate\Container\Container;
use Illuminate\Contracts\View\View;
use Illuminate\Http\Request;
use Livewire\Attributes\Locked;
use Livewire\Component;
use Livewire\Livewire;
use ReflectionClass;
use ReflectionMethod;
use ReflectionProperty;
use RuntimeException;
use Symfony\Component\HttpFoundation\StreamedResponse;

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
    /** @var ?array{name: string, type: string, body: string} the file that the last action sent */
    public ?array $download = null;
    /** @var array<string, mixed> what the panel's layout was told last */
    public static array $layout = [];
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

    /** Goes to an address of the panel. */
    public static function visit(string $path): self
    {
        self::$last = null;
        $request = Request::create("http://panel.test$path");
        Container::getInstance()->make('url')->setRequest($request);
        Container::getInstance()->make('router')->dispatch($request);
        return self::$last ?? throw new RuntimeException("There is no component at $path");
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
        return self::mountedAs(Livewire::standInClass($name), $parameters);
    }

    /** @param class-string<Component> $class */
    public static function mountedByRoute(string $class): string
    {
        return self::mountedAs($class, Container::getInstance()->make('router')->current()->parameters());
    }

    /**
     * @param class-string<Component> $class
     * @param array<string, mixed> $parameters
     */
    private static function mountedAs(string $class, array $parameters): string
    {
        $component = new $class();
        if (method_exists($component, 'mount')) {
            $component->mount(...$parameters);
        }
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
        $this->download = null;
        try {
            $this->keepDownload($component->$method(...$arguments));
        } catch (DisplayException $error) {
            $component->notify($error->getMessage(), 'error');
        }
        return $this->finish($component);
    }

    /** Types into a field. */
    public function set(string $name, mixed $value): self
    {
        return $this->fill([$name => $value])->refresh();
    }

    /**
     * Types into fields that are sent with the next action.
     *
     * @param array<string, mixed> $typed
     */
    public function fill(array $typed): self
    {
        $component = $this->hydrated();
        foreach ($typed as $name => $value) {
            if ((new ReflectionProperty($component, $name))->getAttributes(Locked::class) !== []) {
                throw new RuntimeException("$name is locked");
            }
            $component->$name = $value;
        }
        return $this->keep($component);
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

    /** The name by which `resume` finds its component. */
    public function name(): string
    {
        return Livewire::standInName($this->class);
    }

    private function keepDownload(mixed $result): void
    {
        if ($result instanceof StreamedResponse) {
            ob_start();
            $result->sendContent();
            $this->download = [
                'name' => (string) $result->headers->get('Content-Disposition'),
                'type' => (string) $result->headers->get('Content-Type'),
                'body' => (string) ob_get_clean(),
            ];
        }
    }

    private function keep(Component $component): self
    {
        $values = [];
        foreach ($this->properties() as $property) {
            $value = $property->getValue($component);
            $values[$property->name] = $value instanceof Service ? ['service' => $value->id] : $value;
        }
        $this->state = json_encode($values, JSON_THROW_ON_ERROR);
        return $this;
    }

    private function finish(Component $component): self
    {
        $this->keep($component);
        $this->redirect = $component->standInRedirect();
        $this->notices = array_map(static fn (array $event): array => $event[1][0], $component->standInEvents());
        if ($this->redirect !== null) {
            // As Livewire has it: who is led away is shown nothing more.
            return $this;
        }
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
