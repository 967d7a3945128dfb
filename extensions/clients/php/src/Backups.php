<?php

declare(strict_types=1);

namespace Provisor\Client;

use Provisor\Client\Exception\ProvisorException;
use Provisor\Client\Model\Backup;
use Provisor\Client\Model\BackupList;
use Provisor\Client\Model\Site;

/** Copies of a site's data, and going back to one. */
final class Backups
{
    public function __construct(private readonly Api $api)
    {
    }

    /** @throws ProvisorException */
    public function list(string $serviceId): BackupList
    {
        return BackupList::from($this->api->send(new Call('GET', self::path($serviceId))));
    }

    /**
     * Makes a backup.
     *
     * @param string $key the wish: the same one again is the same backup (Call::newKey makes one)
     * @throws ProvisorException
     */
    public function create(string $serviceId, string $key): Backup
    {
        return Backup::from($this->api->send(new Call('POST', self::path($serviceId), key: $key)));
    }

    /** @throws ProvisorException */
    public function delete(string $serviceId, string $name): Backup
    {
        return Backup::from($this->api->send(new Call('DELETE', self::path($serviceId, $name))));
    }

    /**
     * Puts the site back to a backup. How it is now is kept as the backup `safety`.
     *
     * @throws ProvisorException
     */
    public function rollback(string $serviceId, string $name): Site
    {
        $call = new Call('POST', self::path($serviceId, $name, 'rollback'), key: Call::newKey());
        return Site::from($this->api->send($call));
    }

    private static function path(string $serviceId, string ...$rest): string
    {
        return Call::path('v1', 'sites', $serviceId, 'backups', ...$rest);
    }
}
