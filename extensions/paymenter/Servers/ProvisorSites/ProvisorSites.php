<?php

declare(strict_types=1);

namespace Paymenter\Extensions\Servers\ProvisorSites;

use App\Attributes\ExtensionMeta;
use App\Classes\Extension\Server;
use App\Exceptions\DisplayException;
use App\Models\Product;
use App\Models\Service;
use Exception;
use Illuminate\Contracts\View\View as ViewContract;
use Illuminate\Support\Facades\View;
use InvalidArgumentException;
use Livewire\Livewire;
use Paymenter\Extensions\Servers\ProvisorSites\Livewire\SitePanel;
use Provisor\Client\Client;
use Provisor\Client\Exception\ProvisorException;
use Provisor\Paymenter\Connection;
use Provisor\Paymenter\StoredSecret;
use Provisor\Paymenter\Words;

/**
 * Sells sites. Every call answers as soon as Provisor has accepted it, and may be
 * repeated: the panel's jobs are, and it shows a service as active whatever
 * became of them. How it really is, the service view asks Provisor.
 *
 * Not `final`: the panel finds an uploaded extension by a line that begins with `class`.
 */
#[ExtensionMeta(
    name: 'Provisor Sites',
    description: 'Sells hosted sites that Provisor sets up, with live status, backups and domains in the client area.',
    version: '1.0.0',
    author: 'Provisor',
    icon: 'data:image/svg+xml,%3Csvg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"%3E'
        . '%3Crect width="24" height="24" rx="6" fill="%234f6df5"/%3E'
        . '%3Cpath d="M5 9h14M8 6.6h.01M5 5h14v14H5z" fill="none" stroke="white" stroke-width="1.7"/%3E%3C/svg%3E',
)]
class ProvisorSites extends Server
{
    private const SCOPES = ['sites:read', 'sites:write', 'plans:read', 'operations:read'];

    public function boot(): void
    {
        View::addNamespace('provisor-sites', [__DIR__ . '/resources/views', __DIR__ . '/Shared']);
        Livewire::component('provisor-sites.panel', SitePanel::class);
    }

    /** @return list<array<string, mixed>> */
    public function getConfig($values = []): array
    {
        $words = $this->words();
        $connection = new Connection($words);
        return [...$connection->fields(), $connection->patienceField(), [
            'name' => 'public_ip',
            'label' => $words->say('admin.public_ip'),
            'description' => $words->say('admin.public_ip_help'),
            'type' => 'text',
            'required' => false,
            'validation' => ['nullable', 'ip'],
        ], [
            'name' => 'termination',
            'label' => $words->say('admin.termination'),
            'description' => $words->say('admin.termination_help'),
            'type' => 'select',
            'options' => [
                'delete' => $words->say('admin.termination_delete'),
                'keep' => $words->say('admin.termination_keep'),
            ],
            'default' => 'delete',
            'required' => true,
        ]];
    }

    public function testConfig(): bool|string
    {
        return (new Connection($this->words()))->test($this->config('url'), $this->config('api_key'), self::SCOPES);
    }

    /** Called by the panel when a server is first saved. */
    public function enabled(object $record): void
    {
        StoredSecret::seal($record);
    }

    /** @return list<array<string, mixed>> */
    public function getProductConfig($values = []): array
    {
        $words = $this->words();
        $field = [
            'name' => 'plan',
            'label' => $words->say('admin.plan'),
            'description' => $words->say('admin.plan_help'),
            'required' => true,
        ];
        try {
            $plans = $this->client()->plans();
        } catch (ProvisorException | InvalidArgumentException $error) {
            // The product can still be saved while Provisor is away.
            $warning = $words->say('admin.plans_missing', ['reason' => $error->getMessage()]);
            return [['type' => 'text', 'description' => $warning] + $field];
        }
        $options = [];
        foreach ($plans as $plan) {
            $options[$plan->name] = $words->say('admin.plan_option', [
                'name' => $plan->name,
                'memory' => Figures::bytes($plan->memoryMb * 1024 ** 2),
                'disk' => Figures::bytes($plan->diskMb * 1024 ** 2),
                'backups' => $plan->backups,
                'domains' => $plan->domains,
            ]);
        }
        return [['type' => 'select', 'options' => $options] + $field];
    }

    /** @return list<array<string, mixed>> */
    public function getCheckoutConfig(Product $product, $values = [], $settings = []): array
    {
        $words = $this->words();
        return [[
            'name' => 'subdomain',
            'label' => $words->say('checkout.subdomain'),
            'description' => $words->say('checkout.subdomain_help'),
            'type' => 'text',
            'required' => false,
            'default' => '',
            // A list and not a text with "|": the pattern has that character's company.
            'validation' => ['nullable', 'regex:/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/'],
        ]];
    }

    /** @return array<string, string> what the panel's mail template may use */
    public function createServer(Service $service, $settings, $properties): array
    {
        $wish = [
            'email' => (string) $service->user->email,
            'plan' => self::planOf($settings, $properties),
            'customer_id' => (string) $service->user_id,
            'subdomain' => $properties['subdomain'] ?? '',
            'public_ip' => (string) $this->config('public_ip'),
        ];
        $site = $this->tell(fn (SiteOrders $orders) => $orders->create(self::idOf($service), array_filter($wish)));
        if ($site->operation !== null) {
            // For the operator, who can look it up. An id, and no secret: properties are kept as plain text.
            $service->properties()->updateOrCreate(
                ['key' => 'provisor_operation'],
                ['name' => 'Provisor operation', 'value' => $site->operation->id]
            );
        }
        return [
            'site_address' => (string) $site->url,
            'site_hostname' => (string) $site->hostname,
            'site_plan' => $site->plan,
        ];
    }

    public function suspendServer(Service $service, $settings, $properties): bool
    {
        $this->tell(fn (SiteOrders $orders) => $orders->suspend(self::idOf($service)));
        return true;
    }

    public function unsuspendServer(Service $service, $settings, $properties): bool
    {
        $this->tell(fn (SiteOrders $orders) => $orders->unsuspend(self::idOf($service)));
        return true;
    }

    public function terminateServer(Service $service, $settings, $properties): bool
    {
        $keep = $this->config('termination') === 'keep';
        $this->tell(fn (SiteOrders $orders) => $orders->terminate(self::idOf($service), $keep));
        return true;
    }

    public function upgradeServer(Service $service, $settings, $properties): bool
    {
        $plan = self::planOf($settings, $properties);
        $this->tell(fn (SiteOrders $orders) => $orders->upgrade(self::idOf($service), $plan));
        return true;
    }

    /**
     * Asks nobody: what it throws makes the whole service page empty, and it is called on each one.
     *
     * @return list<array<string, string>>
     */
    public function getActions(Service $service, $settings, $properties): array
    {
        return [
            ['type' => 'button', 'label' => $this->words()->say('panel.login'), 'function' => 'login'],
            ['type' => 'view', 'label' => $this->words()->say('panel.title'), 'name' => 'site'],
        ];
    }

    public function getView(Service $service, $settings, $properties, $viewName): ViewContract
    {
        return View::make('provisor-sites::service', ['service' => $service]);
    }

    /**
     * The button of `getActions`: the panel leads the customer to the address that it returns.
     *
     * @throws DisplayException shown as a notice
     */
    public function login(Service $service, $settings, $properties): string
    {
        try {
            return $this->client()->sites->loginLink(self::idOf($service));
        } catch (ProvisorException $error) {
            throw new DisplayException($this->words()->error($error), 0, $error);
        } catch (InvalidArgumentException $error) {
            throw new DisplayException($this->words()->say('panel.not_configured'), 0, $error);
        }
    }

    /** @throws InvalidArgumentException when the settings cannot be an address and a key */
    public function client(): Client
    {
        return (new Connection($this->words()))->client($this->config('url'), $this->config('api_key'));
    }

    public function words(): Words
    {
        return new Words('provisor-sites', __DIR__ . '/resources/lang');
    }

    /** The id that Provisor knows a service by. */
    public static function idOf(Service $service): string
    {
        return (string) $service->id;
    }

    /**
     * A configurable option named `plan` goes before the product's setting. What was
     * bought is asked anew each time, and never kept: kept ones outlive an upgrade.
     *
     * @param array<string, mixed> $settings
     * @param array<string, mixed> $properties
     */
    private static function planOf(array $settings, array $properties): string
    {
        return (string) ($properties['plan'] ?? $settings['plan'] ?? '');
    }

    /**
     * @template T
     * @param callable(SiteOrders): T $what
     * @return T
     * @throws Exception whose message the panel's staff read
     */
    private function tell(callable $what): mixed
    {
        try {
            return $what(new SiteOrders($this->client()->sites, Connection::patience($this->config('patience'))));
        } catch (ProvisorException $error) {
            throw new Exception($this->words()->report($error), 0, $error);
        }
    }
}
