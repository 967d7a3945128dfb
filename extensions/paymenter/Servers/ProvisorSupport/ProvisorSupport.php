<?php

declare(strict_types=1);

namespace Paymenter\Extensions\Servers\ProvisorSupport;

use App\Attributes\ExtensionMeta;
use App\Classes\Extension\Server;
use App\Models\Product;
use App\Models\Service;
use Exception;
use Illuminate\Contracts\View\View as ViewContract;
use Illuminate\Support\Facades\View;
use InvalidArgumentException;
use Livewire\Livewire;
use Paymenter\Extensions\Servers\ProvisorSupport\Livewire\SupportPanel;
use Provisor\Client\Budget;
use Provisor\Client\Client;
use Provisor\Client\Exception\ApiError;
use Provisor\Client\Exception\ProvisorException;
use Provisor\Client\Model\Support;
use Provisor\Paymenter\Connection;
use Provisor\Paymenter\StoredSecret;
use Provisor\Paymenter\Words;

/**
 * Sells support: a key that the customer shows to the help desk, good as long as it is paid.
 *
 * Not `final`: the panel finds an uploaded extension by a line that begins with `class`.
 */
#[ExtensionMeta(
    name: 'Provisor Support',
    description: 'Sells support subscriptions, and shows customers the key to give to the help desk.',
    version: '1.0.0',
    author: 'Provisor',
    icon: 'data:image/svg+xml,%3Csvg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"%3E'
        . '%3Crect width="24" height="24" rx="6" fill="%2316a06a"/%3E'
        . '%3Cpath d="M9 15a4 4 0 1 1 3-1.3h6v3h-2.5v-1.6M8.4 11.4h.01" fill="none" stroke="white"'
        . ' stroke-width="1.7"/%3E%3C/svg%3E',
)]
class ProvisorSupport extends Server
{
    private const SCOPES = ['support:read', 'support:write'];

    public function boot(): void
    {
        View::addNamespace('provisor-support', [__DIR__ . '/resources/views', __DIR__ . '/Shared']);
        Livewire::component('provisor-support.panel', SupportPanel::class);
    }

    /** @return list<array<string, mixed>> */
    public function getConfig($values = []): array
    {
        $connection = new Connection($this->words());
        return [...$connection->fields(), $connection->patienceField()];
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

    /** @return list<array<string, mixed>> none: a subscription has no sizes */
    public function getProductConfig($values = []): array
    {
        return [];
    }

    /** @return list<array<string, mixed>> */
    public function getCheckoutConfig(Product $product, $values = [], $settings = []): array
    {
        return [];
    }

    /** @return array<string, string> what the panel's mail template may use */
    public function createServer(Service $service, $settings, $properties): array
    {
        $id = self::idOf($service);
        $wish = array_filter([
            'email' => (string) $service->user->email,
            'firstname' => mb_substr((string) $service->user->first_name, 0, 100),
            'lastname' => mb_substr((string) $service->user->last_name, 0, 100),
            'customer_id' => (string) $service->user_id,
        ]);
        $support = $this->tell(fn (Client $client, Budget $budget) => $this->opened($client, $budget, $id, $wish));
        $this->remember($service, $support);
        return ['support_key' => (string) $support->supportKey];
    }

    public function suspendServer(Service $service, $settings, $properties): bool
    {
        $this->tell(fn (Client $client, Budget $budget) => $client->support->suspend(self::idOf($service), $budget));
        return true;
    }

    public function unsuspendServer(Service $service, $settings, $properties): bool
    {
        $this->tell(fn (Client $client, Budget $budget) => $client->support->unsuspend(self::idOf($service), $budget));
        return true;
    }

    public function terminateServer(Service $service, $settings, $properties): bool
    {
        $this->tell(fn (Client $client, Budget $budget) => $client->support->terminate(self::idOf($service), $budget));
        return true;
    }

    /** Every plan of support has the same key: there is nothing to change. */
    public function upgradeServer(Service $service, $settings, $properties): bool
    {
        return true;
    }

    /** @return list<array<string, string>> asks nobody, since what it throws makes the whole service page empty */
    public function getActions(Service $service, $settings, $properties): array
    {
        return [['type' => 'view', 'label' => $this->words()->say('panel.title'), 'name' => 'support']];
    }

    public function getView(Service $service, $settings, $properties, $viewName): ViewContract
    {
        return View::make('provisor-support::service', ['service' => $service]);
    }

    /** Keeps the key where the panel's staff and mails find it. It is the one secret that its owner is to see. */
    public function remember(Service $service, Support $support): void
    {
        $service->properties()->updateOrCreate(
            ['key' => 'support_key'],
            ['name' => $this->words()->say('panel.key'), 'value' => (string) $support->supportKey]
        );
    }

    /** @throws InvalidArgumentException when the settings cannot be an address and a key */
    public function client(): Client
    {
        return (new Connection($this->words()))->client($this->config('url'), $this->config('api_key'));
    }

    public function words(): Words
    {
        return new Words('provisor-support', __DIR__ . '/resources/lang');
    }

    /** The id that Provisor knows a service by. */
    public static function idOf(Service $service): string
    {
        return (string) $service->id;
    }

    /**
     * The subscription, also when the customer's name or address changed between two attempts.
     *
     * @param array{email: string, firstname?: string, lastname?: string, customer_id?: string} $wish
     */
    private function opened(Client $client, Budget $budget, string $id, array $wish): Support
    {
        try {
            return $client->support->create($id, $wish, $budget);
        } catch (ApiError $error) {
            if ($error->code() !== 'service_exists') {
                throw $error;
            }
            $support = $client->support->get($id);
            return $support->state === 'terminated' ? throw $error : $support;
        }
    }

    /**
     * @template T
     * @param callable(Client, Budget): T $what
     * @return T
     * @throws Exception whose message the panel's staff read
     */
    private function tell(callable $what): mixed
    {
        try {
            return $what($this->client(), new Budget(Connection::patience($this->config('patience'))));
        } catch (ProvisorException $error) {
            throw new Exception($this->words()->report($error), 0, $error);
        }
    }
}
