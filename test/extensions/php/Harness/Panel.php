<?php

declare(strict_types=1);

namespace Provisor\Tests\Harness;

use App\Auth\Visitor;
use App\Helpers\ExtensionHelper;
use App\Http\Middleware\SignedIn;
use App\Models\Extension as InstalledExtension;
use App\Models\Product;
use App\Models\Server;
use App\Models\Service;
use App\Models\User;
use Illuminate\Auth\Access\Gate;
use Illuminate\Container\Container;
use Illuminate\Contracts\Auth\Access\Gate as GateContract;
use Illuminate\Contracts\Routing\ResponseFactory as ResponseFactoryContract;
use Illuminate\Contracts\View\Factory as ViewFactory;
use Illuminate\Events\Dispatcher;
use Illuminate\Filesystem\Filesystem;
use Illuminate\Http\Client\Factory as HttpFactory;
use Illuminate\Http\Request;
use Illuminate\Routing\Redirector;
use Illuminate\Routing\ResponseFactory;
use Illuminate\Routing\Router;
use Illuminate\Routing\UrlGenerator;
use Illuminate\Support\Facades\Facade;
use Illuminate\Translation\FileLoader;
use Illuminate\Translation\Translator;
use Illuminate\View\Compilers\BladeCompiler;
use Illuminate\View\Engines\CompilerEngine;
use Illuminate\View\Engines\EngineResolver;
use Illuminate\View\Factory;
use Illuminate\View\FileViewFinder;
use Livewire\Livewire;

/** A panel with the real Http client, Blade, translator, router and gate of Laravel 8.83, and stand-ins for the rest. */
final class Panel
{
    public static ?User $visitor = null;
    /** @var list<string> */
    private static array $booted = [];

    /** @param string $folder for compiled views */
    public static function start(string $folder): void
    {
        $container = new Container();
        Container::setInstance($container);
        Facade::setFacadeApplication($container);
        $events = new Dispatcher($container);
        $files = new Filesystem();
        $container->instance('events', $events);
        $container->instance('files', $files);
        $container->instance(HttpFactory::class, new HttpFactory($events));
        $container->instance('translator', self::translator($files));
        $blade = self::blade($files, $folder);
        $container->instance('blade.compiler', $blade);
        $container->instance('view', self::views($container, $files, $events, $blade));
        $container->alias('view', ViewFactory::class);
        $gate = new Gate($container, static fn (): ?User => self::$visitor);
        // As the panel's own policy has it for those who are no staff.
        $gate->define('view', static fn (User $user, Service $service): bool => $service->user_id === $user->id);
        $container->instance(GateContract::class, $gate);
        $container->instance('auth', new Visitor());
        self::routes($container, $events);
    }

    /** The real router, with stand-ins for what guards a page. */
    private static function routes(Container $container, Dispatcher $events): void
    {
        $router = new Router($events, $container);
        $router->middlewareGroup('web', []);
        $router->aliasMiddleware('auth', SignedIn::class);
        $container->instance('router', $router);
        $url = new UrlGenerator($router->getRoutes(), Request::create('http://panel.test/'));
        $container->instance('url', $url);
        $answers = new ResponseFactory($container->make('view'), new Redirector($url));
        $container->instance(ResponseFactoryContract::class, $answers);
        Livewire::standInMacros();
    }

    /**
     * Switches an extension on that is none of a server, as the panel's staff do.
     *
     * @param array<string, mixed> $settings
     */
    public static function install(string $extension, array $settings = []): void
    {
        InstalledExtension::standInInstall($extension, $settings + ['url' => Stage::url(), 'api_key' => Stage::key()]);
        if (!in_array($extension, self::$booted, true)) {
            self::$booted[] = $extension;
            ExtensionHelper::getExtension('other', $extension)->boot();
            $router = Container::getInstance()->make('router');
            $router->getRoutes()->refreshNameLookups();
        }
    }

    public static function signIn(int $customer): User
    {
        return self::$visitor = new User($customer, "customer-$customer@example.com", 'Ana', 'Pop');
    }

    /**
     * A service that was ordered and paid, by a customer who looks at it now.
     *
     * @param array<string, mixed> $settings of the server
     * @param array<string, mixed> $product
     */
    public static function order(int $id, string $extension, array $settings, array $product): Service
    {
        $user = new User($id + 7, "customer-$id@example.com", 'Ana', 'Pop');
        $server = new Server($extension, $settings + [
            'url' => Stage::url(),
            'api_key' => Stage::key(),
            'patience' => '20',
            'termination' => 'delete',
        ]);
        $service = new Service($id, $user, new Product('Hosting', $server, $product));
        ExtensionHelper::getExtension('server', $extension, $server->settings)->boot();
        self::$visitor = $user;
        return $service;
    }

    public static function speak(string $locale): void
    {
        Container::getInstance()->make('translator')->setLocale($locale);
    }

    private static function translator(Filesystem $files): Translator
    {
        $translator = new Translator(new FileLoader($files, __DIR__), 'en');
        $translator->setFallback('en');
        return $translator;
    }

    private static function blade(Filesystem $files, string $folder): BladeCompiler
    {
        $blade = new BladeCompiler($files, $folder);
        // For the stand-in. Livewire reads key(…) out of the text too, and calls no function of that name.
        $blade->directive('livewire', static function (string $arguments): string {
            $parameters = preg_replace('/,\s*key\((.*)\)$/s', '', $arguments);
            return '<?php echo \\' . Page::class . "::mounted($parameters); ?>";
        });
        return $blade;
    }

    private static function views(
        Container $container,
        Filesystem $files,
        Dispatcher $events,
        BladeCompiler $blade,
    ): Factory {
        $engines = new EngineResolver();
        $engines->register('blade', static fn (): CompilerEngine => new CompilerEngine($blade, $files));
        $factory = new Factory($engines, new FileViewFinder($files, []), $events);
        $factory->setContainer($container);
        return $factory;
    }
}
