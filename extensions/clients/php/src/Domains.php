<?php

declare(strict_types=1);

namespace Provisor\Client;

use Provisor\Client\Exception\ProvisorException;
use Provisor\Client\Model\Domain;
use Provisor\Client\Model\DomainList;

/** A customer's own domains on a site. */
final class Domains
{
    public function __construct(private readonly Api $api)
    {
    }

    /** @throws ProvisorException */
    public function list(string $serviceId): DomainList
    {
        return DomainList::from($this->api->send(new Call('GET', self::path($serviceId))));
    }

    /**
     * Brings a domain to the site. It leads there as soon as its DNS is right; `Domain::$records` says what to set.
     *
     * @throws ProvisorException
     */
    public function add(string $serviceId, string $hostname): Domain
    {
        $call = new Call('POST', self::path($serviceId), body: ['hostname' => $hostname], key: Call::newKey());
        return Domain::from($this->api->send($call));
    }

    /**
     * Looks at the domain's DNS now, which takes 10 seconds at most.
     *
     * @throws ProvisorException
     */
    public function verify(string $serviceId, string $hostname): Domain
    {
        $call = new Call('POST', self::path($serviceId, $hostname, 'verify'), key: Call::newKey(), seconds: 10.0);
        return Domain::from($this->api->send($call));
    }

    /** @throws ProvisorException */
    public function remove(string $serviceId, string $hostname): Domain
    {
        return Domain::from($this->api->send(new Call('DELETE', self::path($serviceId, $hostname))));
    }

    private static function path(string $serviceId, string ...$rest): string
    {
        return Call::path('v1', 'sites', $serviceId, 'domains', ...$rest);
    }
}
