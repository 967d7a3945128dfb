<?php

declare(strict_types=1);

namespace Provisor\Client;

use Provisor\Client\Exception\ApiError;
use Provisor\Client\Exception\ProvisorException;
use Provisor\Client\Model\Support;

/** Support subscriptions and their keys. */
final class SupportDesk
{
    public function __construct(private readonly Api $api)
    {
    }

    /**
     * Opens a subscription and makes its key. The same wish again answers with the same key.
     *
     * @param array{email: string, firstname?: string, lastname?: string, customer_id?: string} $wish
     * @throws ProvisorException
     */
    public function create(string $serviceId, array $wish, ?Budget $budget = null): Support
    {
        // The contract takes no Idempotency-Key here: service_id does its work, and the answer holds a secret.
        $body = ['service_id' => $serviceId] + $wish;
        $call = new Call('POST', '/v1/support', body: $body, repeatable: true);
        return Support::from($this->api->send($call, $budget));
    }

    /** @throws ProvisorException */
    public function get(string $serviceId): Support
    {
        return Support::from($this->api->send(new Call('GET', Call::path('v1', 'support', $serviceId))));
    }

    /** @throws ProvisorException */
    public function suspend(string $serviceId, ?Budget $budget = null): Support
    {
        return $this->post($serviceId, 'suspend', $budget);
    }

    /** @throws ProvisorException */
    public function unsuspend(string $serviceId, ?Budget $budget = null): Support
    {
        return $this->post($serviceId, 'unsuspend', $budget);
    }

    /**
     * Ends a subscription for good. One that never was is a success: null then.
     *
     * @throws ProvisorException
     */
    public function terminate(string $serviceId, ?Budget $budget = null): ?Support
    {
        try {
            return $this->post($serviceId, 'terminate', $budget);
        } catch (ApiError $error) {
            return $error->code() === 'not_found' ? null : throw $error;
        }
    }

    /**
     * Gives out a new key; the old one is no longer good at once. Sent once only:
     * when the answer is lost, read the key that holds now.
     *
     * @throws ProvisorException
     */
    public function rotate(string $serviceId): Support
    {
        return Support::from($this->api->send(new Call('POST', Call::path('v1', 'support', $serviceId, 'rotate'))));
    }

    private function post(string $serviceId, string $verb, ?Budget $budget): Support
    {
        $call = new Call('POST', Call::path('v1', 'support', $serviceId, $verb), key: Call::newKey());
        return Support::from($this->api->send($call, $budget));
    }
}
