<?php

declare(strict_types=1);

namespace Provisor\Tests\Tests;

use App\Models\ConfigOption;
use Provisor\Tests\Harness\Page;
use Provisor\Tests\Harness\Stage;

/** What those who use extensions of this kind complain about. Each complaint is a test of its name. */
final class ComplaintsTest extends StageTestCase
{
    public function testRetriesThatCreateTwice(): void
    {
        $service = $this->order();
        Stage::fault('POST /v1/sites', 'loses the answer');
        $first = $this->job($service, 'createServer');
        // Between two attempts the customer changes the address, and the panel takes the job for dead.
        $service->user->email = "other-$service->id@example.com";
        $second = $this->job($service, 'createServer');
        self::assertSame($first, $second);
        self::assertSame('active', $this->state($service));
        $kinds = array_column(Stage::api('GET', "/v1/sites/$service->id/operations")['data'], 'kind');
        self::assertSame(['site.create'], $kinds);
    }

    public function testPaidButNotCreated(): void
    {
        // The name that was wished at the checkout is gone by now.
        $first = $this->order();
        $first->properties()->updateOrCreate(['key' => 'subdomain'], ['value' => "same-$first->id"]);
        $this->job($first, 'createServer');
        $second = $this->order();
        $second->properties()->updateOrCreate(['key' => 'subdomain'], ['value' => "same-$first->id"]);
        $this->job($second, 'createServer');
        $this->job($second, 'createServer');
        self::assertSame('active', $this->state($second));
        // Provisor was away for longer than a job can wait: the customer gets on without the staff.
        $third = $this->order(['patience' => '0.5']);
        Stage::fault('POST /v1/sites', 'is slow', 50);
        $this->failure($third, 'createServer');
        Stage::reset();
        $page = Page::open($third, 'site');
        self::assertStringContainsString('Your site is not set up yet', $page->html);
        $page->call('setUp');
        self::assertSame('active', $this->state($third));
        self::assertStringContainsString('Running', $page->refresh()->html);
    }

    public function testTimeOuts(): void
    {
        $service = $this->order(['patience' => '20']);
        // The work takes as long as it takes; the job does not.
        Stage::hold('install');
        $begun = microtime(true);
        $this->job($service, 'createServer');
        self::assertLessThan(5.0, microtime(true) - $begun);
        $page = Page::open($service, 'site');
        self::assertStringContainsString('wire:poll', $page->html);
        self::assertStringContainsString('Being set up', $page->html);
        Stage::release();
        self::assertSame('active', $this->state($service));
        self::assertStringNotContainsString('wire:poll', $page->refresh()->html);
    }

    public function testSuspendThatOnlyPowersOffAndTheClientRestartsIt(): void
    {
        $service = $this->site();
        $page = Page::open($service, 'site');
        $hostname = $this->shown($service)['hostname'];
        $this->job($service, 'suspendServer');
        self::assertSame('suspended', $this->state($service));
        $page->call('start');
        self::assertSame('error', $page->notices[0]['type']);
        $page->call('restart');
        self::assertSame('error', $page->notices[0]['type']);
        self::assertSame('suspended', $this->state($service));
        self::assertSame(503, Stage::visit($hostname));
        self::assertStringNotContainsString('wire:click="start"', $page->html);
    }

    public function testUnsuspendMissedAfterPayment(): void
    {
        $service = $this->site();
        // The payment comes while the suspension is still being carried out.
        Stage::hold('stop');
        $this->job($service, 'suspendServer');
        Stage::releaseAt('GET /v1/operations/');
        $this->job($service, 'unsuspendServer');
        self::assertSame('active', $this->state($service));
        self::assertSame(200, Stage::visit($this->shown($service)['hostname']));
    }

    public function testTerminateFailingBecauseItIsAlreadyGone(): void
    {
        $never = $this->order();
        $this->job($never, 'terminateServer');
        $service = $this->site();
        Stage::api('DELETE', "/v1/sites/$service->id");
        $this->job($service, 'terminateServer');
        $this->job($service, 'terminateServer');
        self::assertSame('deleted', $this->state($service));
        // And what is gone is not brought back by a job that comes late.
        self::assertStringContainsString('service_deleted', $this->failure($service, 'createServer'));
        $this->job($service, 'suspendServer');
    }

    public function testUpgradesKeepingOldOptions(): void
    {
        $service = $this->order(product: ['plan' => 'basic']);
        $service->configs = [new ConfigOption('plan', 'standard')];
        $this->job($service, 'createServer');
        self::assertSame('active', $this->state($service));
        self::assertSame('standard', $this->shown($service)['plan']);
        // The new product has no such option; what was stored with the old one says nothing any more.
        $service->configs = [];
        $service->product->settings[0]->value = 'premium';
        $this->job($service, 'upgradeServer');
        self::assertSame('active', $this->state($service));
        self::assertSame(['premium', 8192], [$this->shown($service)['plan'], $this->shown($service)['memory_mb']]);
    }

    public function testNoGraceBeforeDeletion(): void
    {
        $service = $this->site(['termination' => 'keep']);
        $this->job($service, 'terminateServer');
        $this->job($service, 'terminateServer');
        self::assertSame('suspended', $this->state($service));
        self::assertSame(503, Stage::visit($this->shown($service)['hostname']));
        $this->job($service, 'unsuspendServer');
        self::assertSame('active', $this->state($service));
    }

    public function testOpaqueErrors(): void
    {
        $service = $this->order(product: ['plan' => 'does-not-exist']);
        $sentence = $this->failure($service, 'createServer');
        self::assertStringContainsString('does-not-exist', $sentence);
        self::assertMatchesRegularExpression('/\[plan_unknown, request [0-9A-Z]{26}\]$/', $sentence);
        $service = $this->order(product: ['plan' => 'NOT A PLAN']);
        self::assertStringContainsString('plan: ', $this->failure($service, 'createServer'));
        self::assertStringNotContainsString(Stage::key(), $sentence);
    }

    public function testAcceptedButNeverInstalled(): void
    {
        $service = $this->order();
        Stage::refuse('install');
        $this->job($service, 'createServer');
        self::assertSame('failed', $this->state($service));
        $page = Page::open($service, 'site');
        self::assertStringContainsString('Setup failed', $page->html);
        self::assertStringContainsString('role="alert"', $page->html);
        Stage::reset();
        $page->call('setUp');
        self::assertSame('active', $this->state($service));
        self::assertSame(200, Stage::visit($this->shown($service)['hostname']));
    }
}
