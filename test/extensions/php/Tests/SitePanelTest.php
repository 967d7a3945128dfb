<?php

declare(strict_types=1);

namespace Provisor\Tests\Tests;

use App\Models\Service;
use App\Models\User;
use DOMDocument;
use DOMXPath;
use Illuminate\Auth\Access\AuthorizationException;
use Provisor\Tests\Harness\Page;
use Provisor\Tests\Harness\Panel;
use Provisor\Tests\Harness\Stage;
use ReflectionClass;
use ReflectionMethod;
use RuntimeException;
use Symfony\Component\HttpKernel\Exception\NotFoundHttpException;

/** The service view: what it shows, and what each of its buttons does. */
final class SitePanelTest extends StageTestCase
{
    /** Presses a button and waits for what it began. */
    private function press(Page $page, Service $service, string $method, mixed ...$arguments): void
    {
        $page->call($method, ...$arguments);
        self::assertSame('success', $page->notices[0]['type'] ?? null, json_encode([$method, $page->notices]));
        $this->state($service);
        $page->refresh();
    }

    public function testShowsTheSiteItsUseItsBackupsAndItsAddress(): void
    {
        $service = $this->site();
        $html = Page::open($service, 'site')->html;
        self::assertStringContainsString("customer-$service->id.sites.localhost", $html);
        foreach (['Running', 'Plan basic', '/ 2 GB', '/ 20 GB', '0 of 2 used', 'No backup yet'] as $text) {
            self::assertStringContainsString($text, $html);
        }
        self::assertStringNotContainsString('::', strip_tags($html));
    }

    public function testStopsStartsAndRestarts(): void
    {
        $service = $this->site();
        $page = Page::open($service, 'site');
        $this->press($page, $service, 'stop');
        self::assertStringContainsString('Stopped', $page->html);
        self::assertStringNotContainsString('wire:click="restart"', $page->html);
        $this->press($page, $service, 'start');
        $this->press($page, $service, 'restart');
        self::assertSame('active', $this->state($service));
    }

    public function testShowsHowFarItIsAndLooksAgainByItself(): void
    {
        $service = $this->site();
        $page = Page::open($service, 'site');
        self::assertStringNotContainsString('wire:poll', $page->html);
        Stage::hold('restart');
        $page->call('restart');
        self::assertMatchesRegularExpression('/^\s*<div class="pvr"\s+wire:poll\.3s/', $page->html);
        self::assertStringContainsString('role="progressbar"', $page->html);
        self::assertMatchesRegularExpression('/wire:click="restart"[^>]* disabled/', $page->html);
        Stage::release();
        $this->state($service);
        self::assertStringNotContainsString('progressbar', $page->refresh()->html);
    }

    public function testMakesRollsBackAndDeletesBackupsWithinTheQuota(): void
    {
        $service = $this->site();
        $page = Page::open($service, 'site');
        $this->press($page, $service, 'makeBackup');
        $this->press($page, $service, 'makeBackup');
        self::assertStringContainsString('2 of 2 used', $page->html);
        self::assertMatchesRegularExpression('/wire:click="makeBackup"[^>]* disabled/', $page->html);
        $page->call('makeBackup');
        self::assertSame('error', $page->notices[0]['type']);
        preg_match('/BAK\d{8}-\d+/', $page->html, $name);
        $page->call('ask', 'rollback', $name[0]);
        self::assertStringContainsString("Roll back to $name[0]?", $page->html);
        self::assertSame('active', $this->state($service));
        $this->press($page, $service, 'confirm');
        self::assertStringNotContainsString('alertdialog', $page->html);
        self::assertStringContainsString('Undo the rollback', $page->html);
        $page->call('ask', 'undo');
        $this->press($page, $service, 'confirm');
        $page->call('ask', 'delete-backup', $name[0]);
        $this->press($page, $service, 'confirm');
        self::assertStringContainsString('1 of 2 used', $page->html);
    }

    public function testMakesOneBackupWhenTheAnswerIsLostAndTheCustomerPressesAgain(): void
    {
        $service = $this->site();
        $page = Page::open($service, 'site');
        Stage::fault("POST /v1/sites/$service->id/backups", 'loses the answer');
        $page->call('makeBackup');
        self::assertSame('error', $page->notices[0]['type']);
        $this->state($service);
        $this->press($page, $service, 'makeBackup');
        self::assertStringContainsString('1 of 2 used', $page->html);
        $this->press($page, $service, 'makeBackup');
        self::assertStringContainsString('2 of 2 used', $page->html);
    }

    public function testResetsOnlyAfterItWasConfirmed(): void
    {
        $service = $this->site();
        $page = Page::open($service, 'site');
        $page->call('confirm');
        $page->call('ask', 'drop-everything');
        $page->call('confirm');
        $page->call('ask', 'reset')->call('dismiss')->call('confirm');
        self::assertSame([], Stage::calls("POST /v1/sites/$service->id/actions"));
        $page->call('ask', 'reset');
        self::assertStringContainsString('Everything since the site was new is lost', $page->html);
        $this->press($page, $service, 'confirm');
        self::assertCount(1, Stage::calls("POST /v1/sites/$service->id/actions/reset"));
    }

    public function testKeepsVisitorsOutAndLetsThemIn(): void
    {
        $service = $this->site();
        $hostname = $this->shown($service)['hostname'];
        $page = Page::open($service, 'site');
        $this->press($page, $service, 'hideSite');
        self::assertStringContainsString('Visitors are kept out', $page->html);
        self::assertSame(404, Stage::visit($hostname));
        $this->press($page, $service, 'showSite');
        self::assertSame(200, Stage::visit($hostname));
    }

    public function testLeadsToTheLogin(): void
    {
        $service = $this->site();
        $page = Page::open($service, 'site')->call('login');
        self::assertStringStartsWith("http://customer-$service->id.sites.localhost", (string) $page->redirect);
        self::assertStringNotContainsString('token', $page->state() . $page->html);
    }

    public function testShowsTheRecordThatADomainNeeds(): void
    {
        $service = $this->site();
        $this->answerDomains($service, 5, [$this->domain('www.example.com')]);
        $page = Page::open($service, 'site');
        self::assertStringContainsString('wire:poll.20s', $page->html);
        foreach (['1 of 3 used', 'www.example.com', 'CNAME', 'alice.sites.localhost', 'Waiting for DNS'] as $text) {
            self::assertStringContainsString($text, $page->html);
        }
        $path = "/v1/sites/$service->id/domains";
        Stage::fault("POST $path", 'answers', 2, ['status' => 202, 'body' => $this->domain('www.example.com')]);
        $page->set('hostname', ' WWW.Example.com ')->call('addDomain');
        self::assertSame('success', $page->notices[0]['type']);
        self::assertSame('{"hostname":"www.example.com"}', Stage::calls("POST $path")[0]['body']);
        $page->call('checkDomain', 'www.example.com');
        self::assertSame("POST $path/www.example.com/verify", Stage::calls("POST $path/www")[0]['call']);
        Stage::fault("DELETE $path", 'answers', 1, ['status' => 202, 'body' => $this->domain('www.example.com')]);
        $page->call('ask', 'remove-domain', 'www.example.com')->call('confirm');
        self::assertSame("DELETE $path/www.example.com", Stage::calls('DELETE')[0]['call']);
        $page->set('hostname', 'a b')->call('addDomain');
        self::assertSame('error', $page->notices[0]['type']);
    }

    public function testBringsADomainToTheSiteAsSoonAsItsDnsIsRight(): void
    {
        $service = $this->site();
        $own = $this->shown($service)['hostname'];
        $name = "www.shop-$service->id.com";
        Stage::dns($name, 'A', '198.51.100.7');
        $page = Page::open($service, 'site')->fill(['hostname' => strtoupper($name)])->call('addDomain');
        self::assertSame('success', $page->notices[0]['type'], json_encode($page->notices));
        foreach (['Waiting for DNS', 'leads to 198.51.100.7', "<code>$own</code>", '1 of 3 used'] as $text) {
            self::assertStringContainsString($text, $page->html);
        }
        self::assertStringContainsString("_provisor-challenge.$name", $page->html);
        $page->call('checkDomain', $name);
        self::assertStringContainsString('Waiting for DNS', $page->html);
        self::assertSame(404, Stage::visit($name));
        Stage::dns($name, 'A');
        Stage::dns($name, 'CNAME', $own);
        $page->call('checkDomain', $name);
        self::assertSame('success', $page->notices[0]['type'], json_encode($page->notices));
        $this->settle($service, $name, $page);
        self::assertSame(200, Stage::visit($name));
        self::assertStringNotContainsString("_provisor-challenge.$name", $page->html);
        // The same again, and one that another site has.
        $page->fill(['hostname' => $name])->call('addDomain');
        self::assertStringContainsString('1 of 3 used', $page->html);
        $other = $this->site();
        $page = Page::open($other, 'site')->fill(['hostname' => $name])->call('addDomain');
        self::assertSame('error', $page->notices[0]['type']);
        Panel::$visitor = $service->user;
        $page = Page::open($service, 'site')->call('ask', 'remove-domain', $name)->call('confirm');
        $this->settle($service, $name, $page);
        self::assertStringContainsString('0 of 3 used', $page->html);
        self::assertSame(404, Stage::visit($name));
    }

    /** Waits for what is done with a domain, and looks again. */
    private function settle(Service $service, string $name, Page $page): void
    {
        $domain = Stage::api('GET', "/v1/sites/$service->id/domains/$name");
        if (isset($domain['operation'])) {
            Stage::api('GET', "/v1/operations/{$domain['operation']['id']}?wait=20");
        }
        $page->refresh();
    }

    public function testEscapesWhateverComesFromOutside(): void
    {
        $service = $this->site();
        $evil = '"><script>alert(1)</script>\');alert(2)//{{ 7 * 7 }}';
        $this->answerDomains($service, 2, [['hostname' => $evil, 'message' => $evil] + $this->domain($evil)]);
        $html = Page::open($service, 'site')->call('ask', 'remove-domain', $evil)->html;
        self::assertStringNotContainsString('<script>', $html);
        $document = new DOMDocument();
        $document->loadHTML("<?xml encoding=\"utf-8\"?>$html", LIBXML_NOERROR);
        $actions = (new DOMXPath($document))->query('//@*[name()="wire:click"]');
        self::assertGreaterThan(8, $actions->length);
        foreach ($actions as $action) {
            // What is run in the browser: a name, with texts that nothing can break out of.
            self::assertMatchesRegularExpression("/^\\w+(\\(('[^']*'(, )?)*\\))?$/", (string) $action->nodeValue);
        }
        self::assertStringContainsString('{{ 7 * 7 }}', $html);
    }

    public function testShowsThePartsThatCanBeHad(): void
    {
        $service = $this->site();
        Stage::fault("GET /v1/sites/$service->id/backups", 'answers garbage');
        Stage::fault("GET /v1/sites/$service->id/status", 'answers', 1, ['status' => 503, 'body' => [
            'success' => false, 'error' => 'The server is away.', 'code' => 'provider_unavailable',
            'retryable' => true, 'request_id' => 'x',
        ]]);
        $html = Page::open($service, 'site')->html;
        self::assertStringContainsString("customer-$service->id.sites.localhost", $html);
        self::assertStringContainsString('makes no sense', $html);
        self::assertStringContainsString('The server is away.', $html);
    }

    public function testAsksNobodyElseOnceNobodyAnswers(): void
    {
        $service = $this->site();
        Stage::fault("GET /v1/sites/$service->id/backups", 'is slow', 50);
        $begun = microtime(true);
        $html = Page::open($service, 'site')->html;
        self::assertLessThan(9.0, microtime(true) - $begun);
        self::assertStringContainsString('cannot be reached', $html);
        self::assertSame([], Stage::calls("GET /v1/sites/$service->id/status"));
        $service->product->server->settings->firstWhere('key', 'url')->value = 'http://127.0.0.1:9';
        self::assertStringContainsString('cannot be reached', Page::open($service, 'site')->html);
        $service->product->server->settings->firstWhere('key', 'api_key')->value = '';
        self::assertStringContainsString('not configured', Page::open($service, 'site')->html);
    }

    public function testAsksInEveryActionWhetherThisCustomerMay(): void
    {
        $service = $this->site();
        $page = Page::open($service, 'site');
        Stage::reset();
        $actions = $this->actions();
        self::assertGreaterThan(12, count($actions));
        foreach ($actions as $method) {
            $arguments = array_fill(0, $method->getNumberOfRequiredParameters(), 'reset');
            Panel::$visitor = new User(1, 'someone@example.com');
            $this->refused(fn () => $page->call($method->name, ...$arguments), AuthorizationException::class);
            Panel::$visitor = $service->user;
            $service->status = Service::STATUS_SUSPENDED;
            $this->refused(fn () => $page->call($method->name, ...$arguments), NotFoundHttpException::class);
            $service->status = Service::STATUS_ACTIVE;
        }
        self::assertSame([], Stage::calls());
    }

    public function testLetsTheBrowserHoldNoSecretAndSetNothingButTheDomain(): void
    {
        $page = Page::open($this->site(), 'site');
        self::assertStringNotContainsString(Stage::key(), $page->state() . $page->html);
        $names = array_keys(json_decode($page->state(), true));
        self::assertSame(['service', 'asking', 'askingAbout', 'backupWish', 'hostname'], $names);
        foreach (array_diff($names, ['hostname']) as $name) {
            $this->refused(fn () => $page->set($name, 'x'), RuntimeException::class);
        }
    }

    /** @return list<ReflectionMethod> */
    private function actions(): array
    {
        $class = new ReflectionClass(\Paymenter\Extensions\Servers\ProvisorSites\Livewire\SitePanel::class);
        $isAction = static fn (ReflectionMethod $method): bool => $method->class === $class->name
            && !in_array($method->name, ['mount', 'render'], true);
        return array_values(array_filter($class->getMethods(ReflectionMethod::IS_PUBLIC), $isAction));
    }

    /** @param list<array<string, mixed>> $domains */
    private function answerDomains(Service $service, int $times, array $domains): void
    {
        Stage::fault("GET /v1/sites/$service->id/domains", 'answers', $times, ['status' => 200, 'body' => [
            'data' => $domains,
            'quota' => ['used' => count($domains), 'limit' => 3, 'remaining' => 3 - count($domains)],
        ]]);
    }

    /** @return array<string, mixed> as in the contract's example */
    private function domain(string $hostname): array
    {
        return [
            'hostname' => $hostname,
            'service_id' => '12345',
            'state' => 'pending_verification',
            'reason' => 'not_pointing',
            'message' => "$hostname does not lead here yet: it leads to 198.51.100.7.",
            'url' => null,
            'records' => [[
                'purpose' => 'pointing',
                'name' => $hostname,
                'type' => 'CNAME',
                'value' => 'alice.sites.localhost',
                'required' => true,
            ]],
            'seen' => null,
            'checked_at' => null,
            'next_check_at' => null,
            'verify_until' => '2026-02-07T12:00:00.000Z',
            'created_at' => '2026-01-31T12:00:00.000Z',
            'active_at' => null,
            'operation' => null,
        ];
    }
}
