<?php

declare(strict_types=1);

namespace Provisor\Client;

use Provisor\Client\Exception\ApiError;
use Provisor\Client\Exception\ProvisorException;
use Provisor\Client\Exception\UnexpectedAnswer;
use Provisor\Client\Model\Site;
use Provisor\Client\Model\SiteStatus;

/** The life of sites. Every change answers as soon as it is accepted; `Site::$operation` tells how far it is. */
final class Sites
{
    public function __construct(private readonly Api $api)
    {
    }

    /**
     * Creates a site. The same wish again is the same site; after a create that failed it is tried anew.
     *
     * @param array{email: string, plan: string, customer_id?: string, subdomain?: string, public_ip?: string} $wish
     * @throws ProvisorException
     */
    public function create(string $serviceId, array $wish, ?Budget $budget = null): Site
    {
        $body = ['service_id' => $serviceId] + $wish;
        return Site::from($this->api->send(new Call('POST', '/v1/sites', body: $body, key: Call::newKey()), $budget));
    }

    /** @throws ProvisorException */
    public function get(string $serviceId): Site
    {
        return Site::from($this->api->send(new Call('GET', self::path($serviceId))));
    }

    /**
     * Null when there never was one. A deleted site is still shown, with state `deleted`.
     *
     * @throws ProvisorException
     */
    public function find(string $serviceId): ?Site
    {
        try {
            return $this->get($serviceId);
        } catch (ApiError $error) {
            return $error->code() === 'not_found' ? null : throw $error;
        }
    }

    /** @throws ProvisorException */
    public function suspend(string $serviceId, ?string $reason = null, ?Budget $budget = null): Site
    {
        return $this->post($serviceId, 'suspend', $reason === null ? [] : ['reason' => $reason], $budget);
    }

    /** @throws ProvisorException */
    public function unsuspend(string $serviceId, ?Budget $budget = null): Site
    {
        return $this->post($serviceId, 'unsuspend', [], $budget);
    }

    /** @throws ProvisorException */
    public function upgrade(string $serviceId, string $plan, ?Budget $budget = null): Site
    {
        return $this->post($serviceId, 'upgrade', ['plan' => $plan], $budget);
    }

    /**
     * Deletes a site and its data. A site that is gone, or never was, is a success: null then.
     *
     * @throws ProvisorException
     */
    public function delete(string $serviceId, ?Budget $budget = null): ?Site
    {
        try {
            return Site::from($this->api->send(new Call('DELETE', self::path($serviceId)), $budget));
        } catch (ApiError $error) {
            return $error->code() === 'not_found' ? null : throw $error;
        }
    }

    /** @throws ProvisorException */
    public function start(string $serviceId): Site
    {
        return $this->act($serviceId, 'start');
    }

    /** @throws ProvisorException */
    public function stop(string $serviceId): Site
    {
        return $this->act($serviceId, 'stop');
    }

    /** @throws ProvisorException */
    public function restart(string $serviceId): Site
    {
        return $this->act($serviceId, 'restart');
    }

    /**
     * Puts the data back to how it was right after creation. Everything since is lost.
     *
     * @throws ProvisorException
     */
    public function reset(string $serviceId): Site
    {
        return $this->act($serviceId, 'reset');
    }

    /**
     * Lets visitors in, or keeps them out while the site runs on.
     *
     * @throws ProvisorException
     */
    public function setProxy(string $serviceId, bool $enabled): Site
    {
        return $this->post($serviceId, 'proxy', ['enabled' => $enabled], null);
    }

    /** @throws ProvisorException */
    public function status(string $serviceId): SiteStatus
    {
        return SiteStatus::from($this->api->send(new Call('GET', self::path($serviceId, 'status'))));
    }

    /**
     * A link that signs the owner in, once and soon. Make one when it is asked for; never store it.
     *
     * @throws ProvisorException
     */
    public function loginLink(string $serviceId): string
    {
        $url = $this->api->send(new Call('POST', self::path($serviceId, 'login-link')))->string('url');
        if (preg_match('~^https?://~i', $url) !== 1) {
            throw new UnexpectedAnswer(201, 'The login link is no web address.');
        }
        return $url;
    }

    private function act(string $serviceId, string $action): Site
    {
        $path = self::path($serviceId, 'actions', $action);
        return Site::from($this->api->send(new Call('POST', $path, key: Call::newKey())));
    }

    /** @param array<string, mixed> $body */
    private function post(string $serviceId, string $verb, array $body, ?Budget $budget): Site
    {
        $call = new Call('POST', self::path($serviceId, $verb), body: $body ?: null, key: Call::newKey());
        return Site::from($this->api->send($call, $budget));
    }

    private static function path(string $serviceId, string ...$rest): string
    {
        return Call::path('v1', 'sites', $serviceId, ...$rest);
    }
}
