<?php

declare(strict_types=1);

namespace Paymenter\Extensions\Others\ProvisorDns\Livewire;

use Illuminate\Contracts\View\View as ViewContract;
use Illuminate\Support\Facades\View;
use Livewire\Attributes\Locked;
use Provisor\Client\Client;
use Provisor\Client\Exception\ApiError;
use Provisor\Client\Model\Zone;
use Provisor\Client\Model\ZoneList;

/** All zones of a customer, and the way to a new one. */
class ZonesPage extends DnsPage
{
    public string $name = '';

    /** Why the name cannot be a zone. */
    #[Locked]
    public string $fault = '';

    /**
     * What has to be set before the zone can be made, and what is there instead.
     *
     * @var array{kind?: string, name?: string, wanted?: list<string>, found?: list<string>}
     */
    #[Locked]
    public array $needed = [];

    public function create(): void
    {
        $this->make(trim($this->name));
    }

    /** Tries a zone anew whose creation failed. */
    public function createAgain(string $name): void
    {
        $this->make($name);
    }

    /** Forgets what has to be set. */
    public function dismiss(): void
    {
        $this->customer();
        $this->needed = [];
        $this->fault = '';
    }

    public function render(): ViewContract
    {
        [$list, $problem] = $this->look(static fn (Client $client, string $owner) => $client->zones->list($owner));
        return View::make('provisor-dns::zones', [
            'list' => $list,
            'problem' => $problem,
            'isBusy' => self::isBusy($list),
            'words' => $this->extension()->words(),
        ])->layoutData(['title' => $this->say('zones.title'), 'sidebar' => true]);
    }

    private static function isBusy(?ZoneList $list): bool
    {
        return array_filter($list->zones ?? [], static fn (Zone $zone): bool => $zone->isBusy()) !== [];
    }

    private function make(string $name): void
    {
        $this->fault = '';
        $this->needed = [];
        $isMade = $this->act(
            static function (Client $client, string $customer) use ($name): string {
                return $client->zones->create($customer, $name, self::WAIT)->isBusy() ? 'zones.begun' : 'zones.made';
            },
            fn (ApiError $error): bool => $this->explain($error)
        );
        if ($isMade) {
            $this->name = '';
        }
    }

    private function explain(ApiError $error): bool
    {
        $details = $error->details;
        $challenge = $details?->objectOrNull('challenge');
        if ($error->code() === 'challenge_missing' && $challenge !== null) {
            $this->needed = [
                'kind' => 'challenge',
                'name' => $challenge->string('name'),
                'wanted' => [$challenge->string('value')],
                'found' => $details->has('found') ? $details->strings('found') : [],
            ];
            return true;
        }
        if ($error->code() === 'not_delegated' && $details !== null) {
            $bare = static fn (string $host): string => rtrim($host, '.');
            $this->needed = [
                'kind' => 'delegation',
                'wanted' => $details->strings('wanted'),
                'found' => array_map($bare, $details->strings('found')),
            ];
            return true;
        }
        if (in_array($error->code(), ['zone_invalid', 'zone_reserved', 'zone_taken', 'invalid_request'], true)) {
            $this->fault = $this->extension()->words()->error($error);
            return true;
        }
        return false;
    }
}
