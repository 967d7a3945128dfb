<?php

declare(strict_types=1);

namespace Provisor\Client;

use Provisor\Client\Exception\ApiError;
use Provisor\Client\Exception\ProvisorException;
use Provisor\Client\Model\Record;
use Provisor\Client\Model\RecordList;

/**
 * The records of a customer's zone. An `ApiError` with the code `record_invalid` or
 * `record_conflict` names the field in its details.
 */
final class Records
{
    public function __construct(private readonly Api $api)
    {
    }

    /** @throws ProvisorException */
    public function list(string $customerId, string $zone): RecordList
    {
        return RecordList::from($this->api->send(new Call('GET', self::path($zone), ['customer_id' => $customerId])));
    }

    /**
     * Adds a record. One that is there already, just so, is a success.
     *
     * @param array{name: string, type: string, data: string, ttl?: int, priority?: int, weight?: int, port?: int,
     *     flags?: int, tag?: string} $wish
     * @param int $wait seconds to wait until it is published; ten when 0
     * @throws ProvisorException
     */
    public function create(string $customerId, string $zone, array $wish, int $wait = 0): Record
    {
        $body = ['customer_id' => $customerId] + $wish;
        $call = new Call('POST', self::path($zone), body: $body, key: Call::newKey(), seconds: 10.0, wait: $wait);
        return Record::from($this->api->send($call));
    }

    /**
     * Puts another record in the place of one. All of it may change, its id too.
     *
     * @param array{name: string, type: string, data: string, ttl?: int, priority?: int, weight?: int, port?: int,
     *     flags?: int, tag?: string} $wish
     * @param int $wait seconds to wait until it is published; ten when 0
     * @throws ProvisorException
     */
    public function replace(string $customerId, string $zone, string $record, array $wish, int $wait = 0): Record
    {
        $body = ['customer_id' => $customerId] + $wish;
        $call = new Call('PUT', self::path($zone, $record), body: $body, seconds: 10.0, wait: $wait);
        return Record::from($this->api->send($call));
    }

    /**
     * Deletes a record.
     *
     * @param int $wait seconds to wait until it is gone; ten when 0
     * @throws ProvisorException an `ApiError` with the code `not_found` when there is none
     */
    public function delete(string $customerId, string $zone, string $record, int $wait = 0): Record
    {
        $path = self::path($zone, $record);
        $call = new Call('DELETE', $path, ['customer_id' => $customerId], seconds: 10.0, wait: $wait);
        return Record::from($this->api->send($call));
    }

    private static function path(string $zone, string ...$rest): string
    {
        return Call::path('v1', 'zones', $zone, 'records', ...$rest);
    }
}
