<?php

declare(strict_types=1);

namespace Provisor\Client;

use InvalidArgumentException;
use Provisor\Client\Exception\ProvisorException;
use Provisor\Client\Http\Transport;
use Provisor\Client\Model\Identity;
use Provisor\Client\Model\Operation;
use Provisor\Client\Model\Plan;
use SensitiveParameter;

/**
 * Speaks to one Provisor as one panel.
 *
 * Calls that change something take a Budget: within it they are repeated when
 * no answer came, and wait for an operation that is in the way. A repeat carries
 * the Idempotency-Key of the first attempt, so nothing is done twice.
 */
final class Client
{
    public readonly Sites $sites;
    public readonly Backups $backups;
    public readonly Domains $domains;
    public readonly SupportDesk $support;
    public readonly Zones $zones;
    public readonly Records $records;

    private readonly Api $api;

    /**
     * @param float $requestSeconds how long one request may take; 24 at most
     * @throws InvalidArgumentException for an address or a key that cannot be one
     */
    public function __construct(
        Transport $transport,
        string $baseUrl,
        #[SensitiveParameter] string $key,
        float $requestSeconds = 15.0,
    ) {
        $this->api = new Api($transport, $baseUrl, $key, $requestSeconds);
        $this->sites = new Sites($this->api);
        $this->backups = new Backups($this->api);
        $this->domains = new Domains($this->api);
        $this->support = new SupportDesk($this->api);
        $this->zones = new Zones($this->api);
        $this->records = new Records($this->api);
    }

    /**
     * Tests the connection and the key.
     *
     * @throws ProvisorException
     */
    public function whoami(): Identity
    {
        return Identity::from($this->api->send(new Call('GET', '/v1/whoami')));
    }

    /**
     * All plans, in the order of their names.
     *
     * @return list<Plan>
     * @throws ProvisorException
     */
    public function plans(): array
    {
        $plans = [];
        $cursor = null;
        do {
            $query = ['limit' => 200] + ($cursor === null ? [] : ['cursor' => $cursor]);
            $page = $this->api->send(new Call('GET', '/v1/plans', $query));
            array_push($plans, ...array_map(Plan::from(...), $page->objects('data')));
            $cursor = $page->stringOrNull('next_cursor');
        } while ($cursor !== null);
        return $plans;
    }

    /**
     * How far an operation is; with a budget, once it has ended or the budget is used up.
     *
     * @throws ProvisorException
     */
    public function operation(string $operationId, ?Budget $budget = null): Operation
    {
        $path = Call::path('v1', 'operations', $operationId);
        do {
            $wait = $budget === null ? 0 : Api::waitWithin($budget);
            $call = new Call('GET', $path, $wait === 0 ? [] : ['wait' => $wait]);
            $operation = Operation::from($this->api->send($call, $budget));
        } while ($budget !== null && $wait > 0 && $operation->isUnderWay());
        return $operation;
    }
}
