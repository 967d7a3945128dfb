<?php

declare(strict_types=1);

namespace Paymenter\Extensions\Others\ProvisorDns;

use App\Attributes\ExtensionMeta;
use App\Classes\Extension\Extension;
use Illuminate\Support\Facades\Auth;
use Illuminate\Support\Facades\Event;
use Illuminate\Support\Facades\View;
use InvalidArgumentException;
use Livewire\Livewire;
use Paymenter\Extensions\Others\ProvisorDns\Livewire\ZonePage;
use Paymenter\Extensions\Others\ProvisorDns\Livewire\ZonesPage;
use Provisor\Client\Client;
use Provisor\Paymenter\Connection;
use Provisor\Paymenter\StoredSecret;
use Provisor\Paymenter\Words;

/**
 * Pages in the client area where customers look after the DNS of their domains.
 *
 * Not `final`: the panel finds an uploaded extension by a line that begins with `class`.
 */
#[ExtensionMeta(
    name: 'Provisor DNS',
    description: 'Lets customers manage the DNS zones of their domains in the client area.',
    version: '1.0.0',
    author: 'Provisor',
    icon: 'data:image/svg+xml,%3Csvg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"%3E'
        . '%3Crect width="24" height="24" rx="6" fill="%234f6df5"/%3E'
        . '%3Cpath d="M12 5v3.5m0 0H7V11m5-2.5h5V11M5 11h4v4H5zm10 0h4v4h-4zm-5 5h4v3h-4z" fill="none" '
        . 'stroke="white" stroke-width="1.6"/%3E%3C/svg%3E',
)]
class ProvisorDns extends Extension
{
    private const SCOPES = ['dns:read', 'dns:write'];

    public function boot(): void
    {
        require __DIR__ . '/routes/web.php';
        View::addNamespace('provisor-dns', [__DIR__ . '/resources/views', __DIR__ . '/Shared']);
        Livewire::component('provisor-dns.zones', ZonesPage::class);
        Livewire::component('provisor-dns.zone', ZonePage::class);
        Event::listen('navigation.dashboard', fn (): array => [
            'name' => $this->words()->say('zones.title'),
            'route' => 'provisor-dns.zones',
            'icon' => 'ri-global',
            'condition' => Auth::check(),
            'priority' => 25,
        ]);
    }

    /**
     * The panel has no connection test for extensions of this kind, so the form itself says how it is.
     *
     * @return list<array<string, mixed>>
     */
    public function getConfig($values = []): array
    {
        $fields = (new Connection($this->words()))->fields();
        if (!is_array($values) || ($values['url'] ?? '') === '' || ($values['api_key'] ?? '') === '') {
            return $fields;
        }
        $result = (new Connection($this->words()))->test($values['url'], $values['api_key'], self::SCOPES);
        return [...$fields, [
            'name' => 'connection',
            'type' => 'placeholder',
            'label' => $result === true ? $this->words()->say('admin.connected') : $result,
        ]];
    }

    /** Called by the panel when the extension is switched on. */
    public function enabled(object $record): void
    {
        StoredSecret::seal($record);
    }

    /** @throws InvalidArgumentException when the settings cannot be an address and a key */
    public function client(): Client
    {
        return (new Connection($this->words()))->client($this->config('url'), $this->config('api_key'));
    }

    public function words(): Words
    {
        return new Words('provisor-dns', __DIR__ . '/resources/lang');
    }
}
