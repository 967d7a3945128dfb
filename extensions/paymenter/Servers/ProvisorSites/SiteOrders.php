<?php

declare(strict_types=1);

namespace Paymenter\Extensions\Servers\ProvisorSites;

use Provisor\Client\Budget;
use Provisor\Client\Exception\ApiError;
use Provisor\Client\Exception\ProvisorException;
use Provisor\Client\Model\Site;
use Provisor\Client\Sites;

/**
 * What a panel's job asks for, each once and as often as it likes. A job has one
 * try only, so a busy or silent Provisor is waited for, within the patience.
 */
final class SiteOrders
{
    private readonly Budget $budget;

    /** @param float $patience seconds for all that is asked of this object */
    public function __construct(private readonly Sites $sites, float $patience)
    {
        $this->budget = new Budget($patience);
    }

    /**
     * @param array{email: string, plan: string, customer_id?: string, subdomain?: string, public_ip?: string} $wish
     * @throws ProvisorException
     */
    public function create(string $id, array $wish): Site
    {
        try {
            return $this->sites->create($id, $wish, $this->budget);
        } catch (ApiError $error) {
            $isNameGone = in_array($error->code(), ['subdomain_taken', 'subdomain_reserved'], true);
            if ($isNameGone && isset($wish['subdomain'])) {
                // It is paid: a site under a name that Provisor chooses is better than none.
                unset($wish['subdomain']);
                return $this->create($id, $wish);
            }
            if ($error->code() === 'service_exists') {
                return $this->ordered($id, $wish['plan'], $error);
            }
            throw $error;
        }
    }

    /** The site that was ordered before, though the customer's e-mail address or the wished name differ by now. */
    private function ordered(string $id, string $plan, ApiError $refusal): Site
    {
        $site = $this->sites->get($id);
        return $site->plan === $plan ? $site : throw $refusal;
    }

    /**
     * What is not there needs no suspension.
     *
     * @throws ProvisorException
     */
    public function suspend(string $id): void
    {
        try {
            $this->sites->suspend($id, null, $this->budget);
        } catch (ApiError $error) {
            if (!in_array($error->code(), ['not_found', 'service_deleted', 'service_failed'], true)) {
                throw $error;
            }
        }
    }

    /** @throws ProvisorException */
    public function unsuspend(string $id): void
    {
        $this->sites->unsuspend($id, $this->budget);
    }

    /** @throws ProvisorException */
    public function upgrade(string $id, string $plan): void
    {
        $this->sites->upgrade($id, $plan, $this->budget);
    }

    /**
     * What is gone already is a success.
     *
     * @param bool $keep cut the site off and keep its data, until an operator deletes it
     * @throws ProvisorException
     */
    public function terminate(string $id, bool $keep): void
    {
        if ($keep) {
            $this->suspend($id);
            return;
        }
        $this->sites->delete($id, $this->budget);
    }
}
