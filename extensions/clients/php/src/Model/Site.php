<?php

declare(strict_types=1);

namespace Provisor\Client\Model;

use Provisor\Client\Fields;

/** A hosted site, with the operation that was last begun on it. */
final class Site
{
    public function __construct(
        public readonly string $serviceId,
        public readonly string $state,
        public readonly string $plan,
        public readonly ?string $hostname,
        public readonly ?string $url,
        public readonly string $publicIp,
        public readonly bool $proxyEnabled,
        public readonly ?string $suspendedSince,
        public readonly ?string $suspensionReason,
        public readonly Quota $backups,
        public readonly Quota $domains,
        public readonly ?Operation $operation,
    ) {
    }

    public static function from(Fields $fields): self
    {
        $quotas = $fields->object('quotas');
        $suspension = $fields->objectOrNull('suspension');
        $operation = $fields->objectOrNull('operation');
        return new self(
            $fields->string('service_id'),
            $fields->string('state'),
            $fields->string('plan'),
            $fields->stringOrNull('hostname'),
            $fields->stringOrNull('url'),
            $fields->string('public_ip'),
            $fields->bool('proxy_enabled'),
            $suspension?->string('since'),
            $suspension?->stringOrNull('reason'),
            Quota::from($quotas->object('backups')),
            Quota::from($quotas->object('domains')),
            $operation === null ? null : Operation::from($operation),
        );
    }

    public function isBusy(): bool
    {
        return $this->operation !== null && $this->operation->isUnderWay();
    }

    public function isGone(): bool
    {
        return in_array($this->state, ['deleting', 'deleted'], true);
    }
}
