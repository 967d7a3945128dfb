<?php

declare(strict_types=1);

namespace Provisor\Client;

use Provisor\Client\Exception\ApiError;
use Provisor\Client\Exception\ProvisorException;
use Provisor\Client\Model\Zone;
use Provisor\Client\Model\ZoneImport;
use Provisor\Client\Model\ZoneList;

/** DNS zones of one customer. Another customer's zone is not there. */
final class Zones
{
    /** Of which the nameservers above a domain are asked for ten at most. */
    private const CHECK_SECONDS = 15.0;

    public function __construct(private readonly Api $api)
    {
    }

    /**
     * All zones of a customer, newest first, and how many there may be.
     *
     * @throws ProvisorException
     */
    public function list(string $customerId): ZoneList
    {
        $zones = [];
        $cursor = null;
        do {
            $query = ['customer_id' => $customerId, 'limit' => 200] + ($cursor === null ? [] : ['cursor' => $cursor]);
            $page = $this->api->send(new Call('GET', '/v1/zones', $query));
            array_push($zones, ...array_map(Zone::from(...), $page->objects('data')));
            $cursor = $page->stringOrNull('next_cursor');
        } while ($cursor !== null);
        return ZoneList::from($zones, $page);
    }

    /** @throws ProvisorException */
    public function get(string $customerId, string $zone): Zone
    {
        return Zone::from($this->api->send(new Call('GET', self::path($zone), ['customer_id' => $customerId])));
    }

    /**
     * Creates a zone. The same again is the same zone; one that failed is tried anew. `ApiError` with the code
     * `challenge_missing` or `not_delegated` says in its details what has to be set first.
     *
     * @param int $wait seconds to wait for its end
     * @throws ProvisorException
     */
    public function create(string $customerId, string $name, int $wait = 0, ?Budget $budget = null): Zone
    {
        $call = new Call(
            'POST',
            '/v1/zones',
            body: ['name' => $name, 'customer_id' => $customerId],
            key: Call::newKey(),
            seconds: self::CHECK_SECONDS,
            wait: $wait
        );
        return Zone::from($this->api->send($call, $budget));
    }

    /**
     * Deletes a zone with its records. One that is gone, or never was, is a success: null then.
     *
     * @param int $wait seconds to wait for its end
     * @throws ProvisorException
     */
    public function delete(string $customerId, string $zone, int $wait = 0, ?Budget $budget = null): ?Zone
    {
        try {
            $call = new Call('DELETE', self::path($zone), ['customer_id' => $customerId], wait: $wait);
            return Zone::from($this->api->send($call, $budget));
        } catch (ApiError $error) {
            return $error->code() === 'not_found' ? null : throw $error;
        }
    }

    /**
     * The zone as a zone file (RFC 1035).
     *
     * @throws ProvisorException
     */
    public function export(string $customerId, string $zone): string
    {
        $path = self::path($zone, 'export');
        return $this->api->sendForText(new Call('GET', $path, ['customer_id' => $customerId], accept: 'text/dns'));
    }

    /**
     * What a zone file would change. Changes nothing.
     *
     * @param string $mode `merge` leaves what the file does not name, `replace` makes the zone what the file says
     * @throws ProvisorException
     */
    public function previewImport(string $customerId, string $zone, string $zoneFile, string $mode): ZoneImport
    {
        return $this->take($customerId, $zone, ['zone_file' => $zoneFile, 'mode' => $mode, 'dry_run' => true], null, 0);
    }

    /**
     * Takes a zone file in, whole or not at all.
     *
     * @param string $mode as for `previewImport`
     * @param string $key the wish: the same one again is the same import (Call::newKey makes one)
     * @param int $wait seconds to wait for its end
     * @throws ProvisorException
     */
    public function import(
        string $customerId,
        string $zone,
        string $zoneFile,
        string $mode,
        string $key,
        int $wait = 0,
    ): ZoneImport {
        return $this->take($customerId, $zone, ['zone_file' => $zoneFile, 'mode' => $mode], $key, $wait);
    }

    /** @param array<string, mixed> $wish */
    private function take(string $customerId, string $zone, array $wish, ?string $key, int $wait): ZoneImport
    {
        $body = ['customer_id' => $customerId] + $wish;
        // Reading and planning a large file takes its time.
        $call = new Call('POST', self::path($zone, 'import'), body: $body, key: $key, seconds: 10.0, wait: $wait);
        return ZoneImport::from($this->api->send($call));
    }

    private static function path(string $zone, string ...$rest): string
    {
        return Call::path('v1', 'zones', $zone, ...$rest);
    }
}
