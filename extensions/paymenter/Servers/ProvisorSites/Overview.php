<?php

declare(strict_types=1);

namespace Paymenter\Extensions\Servers\ProvisorSites;

use Provisor\Client\Client;
use Provisor\Client\Exception\ApiError;
use Provisor\Client\Exception\ProvisorException;
use Provisor\Client\Exception\Unreachable;
use Provisor\Client\Model\BackupList;
use Provisor\Client\Model\DomainList;
use Provisor\Client\Model\Site;
use Provisor\Client\Model\SiteStatus;
use Provisor\Paymenter\Words;

/** Everything that the service view shows, asked for at this moment. A part that cannot be had leaves the others. */
final class Overview
{
    public ?Site $site = null;
    public ?SiteStatus $status = null;
    public ?BackupList $backups = null;
    public ?DomainList $domains = null;
    /** The site was ordered, and Provisor has never heard of it. */
    public bool $isMissing = false;
    /** @var array<string, string> a sentence for each part that cannot be had */
    public array $problems = [];
    /** Nobody answered, so nobody is asked for the rest: a page must not wait for that four times. */
    private ?Unreachable $silence = null;

    public function __construct(private readonly Client $client, string $id, private readonly Words $words)
    {
        $this->site = $this->part('site', fn (): ?Site => $this->client->sites->find($id));
        $this->isMissing = $this->site === null && $this->problems === [];
        if ($this->site === null || in_array($this->site->state, ['creating', 'failed', 'deleting', 'deleted'], true)) {
            return;
        }
        $this->backups = $this->part('backups', fn (): BackupList => $this->client->backups->list($id));
        $this->domains = $this->part('domains', fn (): ?DomainList => $this->domainsOf($id));
        if (!$this->site->isBusy()) {
            $this->status = $this->part('status', fn (): SiteStatus => $this->client->sites->status($id));
        }
    }

    /** Seconds until the view has to look again; null when nothing goes on. */
    public function pollSeconds(): ?int
    {
        $isWaiting = false;
        foreach ($this->domains?->domains ?? [] as $domain) {
            if ($domain->operation?->isUnderWay() === true) {
                return 3;
            }
            // Provisor looks at its DNS by itself, and not often.
            $isWaiting = $isWaiting || $domain->state === 'pending_verification';
        }
        return match (true) {
            $this->site?->isBusy() === true => 3,
            $isWaiting => 20,
            default => null,
        };
    }

    /** Whether the last thing that was done is a rollback, which can be taken back. */
    public function wasRolledBack(): bool
    {
        $operation = $this->site?->operation;
        return $operation?->kind === 'site.rollback' && $operation->state === 'done';
    }

    /** Null where this Provisor has no domains yet. */
    private function domainsOf(string $id): ?DomainList
    {
        try {
            return $this->client->domains->list($id);
        } catch (ApiError $error) {
            return $error->code() === 'not_found' ? null : throw $error;
        }
    }

    /**
     * @template T
     * @param callable(): T $ask
     * @return ?T
     */
    private function part(string $name, callable $ask): mixed
    {
        if ($this->silence !== null) {
            $this->problems[$name] = $this->words->error($this->silence);
            return null;
        }
        try {
            return $ask();
        } catch (ProvisorException $error) {
            $this->silence = $error instanceof Unreachable ? $error : null;
            $this->problems[$name] = $this->words->error($error);
            return null;
        }
    }
}
