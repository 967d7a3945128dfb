<?php

declare(strict_types=1);

namespace Paymenter\Extensions\Others\ProvisorDns\Livewire;

use App\Helpers\ExtensionHelper;
use App\Livewire\Component;
use Illuminate\Auth\AuthenticationException;
use Illuminate\Support\Facades\Auth;
use InvalidArgumentException;
use Paymenter\Extensions\Others\ProvisorDns\ProvisorDns;
use Provisor\Client\Client;
use Provisor\Client\Exception\ApiError;
use Provisor\Client\Exception\ProvisorException;

/**
 * What both pages share. Whose zones are meant comes from who is signed in, anew
 * in every action, and from nothing that the browser sends: Provisor then answers
 * for another customer's zone as for one that is not there.
 */
abstract class DnsPage extends Component
{
    /** Seconds that an action waits for its end; after that the page looks again by itself. */
    protected const WAIT = 3;

    /** @throws AuthenticationException when nobody is signed in */
    protected function customer(): string
    {
        $id = Auth::id();
        return $id === null ? throw new AuthenticationException() : (string) $id;
    }

    /**
     * Every change goes through here. Returns whether it was accepted.
     *
     * @param callable(Client, string): ?string $what returns the key of the sentence for when it was accepted
     * @param ?callable(ApiError): bool $explain whether the page itself shows what is wrong
     */
    protected function act(callable $what, ?callable $explain = null): bool
    {
        $customer = $this->customer();
        try {
            $said = $what($this->extension()->client(), $customer);
        } catch (ProvisorException $error) {
            if (!$error instanceof ApiError || $explain === null || !$explain($error)) {
                $this->notify($this->extension()->words()->error($error), 'error');
            }
            return false;
        } catch (InvalidArgumentException) {
            $this->notify($this->say('page.not_configured'), 'error');
            return false;
        }
        if ($said !== null) {
            $this->notify($this->say($said));
        }
        return true;
    }

    /**
     * What a page shows, or the sentence why it cannot.
     *
     * @template T
     * @param callable(Client, string): T $ask
     * @return array{0: ?T, 1: string}
     */
    protected function look(callable $ask): array
    {
        $customer = $this->customer();
        try {
            return [$ask($this->extension()->client(), $customer), ''];
        } catch (ProvisorException $error) {
            return [null, $this->extension()->words()->error($error)];
        } catch (InvalidArgumentException) {
            return [null, $this->say('page.not_configured')];
        }
    }

    protected function extension(): ProvisorDns
    {
        return ExtensionHelper::getExtension('other', 'ProvisorDns');
    }

    protected function say(string $key): string
    {
        return $this->extension()->words()->say($key);
    }
}
