<?php

declare(strict_types=1);

namespace Provisor\Tests\Tests;

use DOMDocument;
use DOMXPath;
use Illuminate\Auth\AuthenticationException;
use Paymenter\Extensions\Others\ProvisorDns\Livewire\ZonePage;
use Provisor\Tests\Harness\Page;
use Provisor\Tests\Harness\Panel;
use Provisor\Tests\Harness\Stage;
use ReflectionClass;
use ReflectionMethod;
use RuntimeException;
use Symfony\Component\HttpKernel\Exception\NotFoundHttpException;

/** The page of one zone: what it shows, and what each of its buttons does. */
final class ZonePageTest extends DnsTestCase
{
    /** @param array<string, string> $typed */
    private function save(Page $page, array $typed): Page
    {
        return $page->call('openRecord')->fill($typed)->call('saveRecord');
    }

    /** @return array<string, array{array<string, string>, string}> */
    public function types(): array
    {
        $srv = ['priority' => '10', 'weight' => '5', 'port' => '5060'];
        return [
            'A' => [['name' => 'a', 'data' => '203.0.113.7'], 'a A 203.0.113.7'],
            'AAAA' => [['name' => 'b', 'data' => '2001:DB8::7'], 'b AAAA 2001:db8::7'],
            'CNAME' => [['name' => 'c', 'data' => 'shop.example.net'], 'c CNAME shop.example.net'],
            'MX' => [['name' => '', 'data' => 'mail.example.net', 'priority' => '10'], '@ MX mail.example.net'],
            'TXT' => [['name' => '@', 'data' => 'v=spf1 "x" <b> -all '], '@ TXT v=spf1 "x" <b> -all '],
            'SRV' => [['name' => '_sip._tcp', 'data' => 'sip.example.net'] + $srv, '_sip._tcp SRV sip.example.net'],
            'CAA' => [['name' => '@', 'data' => 'letsencrypt.org', 'flags' => '128'], '@ CAA letsencrypt.org'],
            'NS' => [['name' => 'sub', 'data' => 'ns.example.net'], 'sub NS ns.example.net'],
            'PROXYSRV' => [['type' => 'A', 'name' => 'p', 'data' => 'proxysrv'], 'p A PROXYSRV'],
        ];
    }

    /**
     * @dataProvider types
     * @param array<string, string> $typed
     */
    public function testAddsEditsAndDeletesRecordsOfEachType(array $typed, string $key): void
    {
        $zone = $this->zone();
        $page = $this->page($zone);
        $typed += ['type' => explode(' ', $key)[1], 'ttl' => ''];
        $page->call('openRecord')->set('type', $typed['type']);
        foreach (['priority', 'weight', 'port', 'flags', 'tag'] as $field) {
            $isShown = str_contains($page->html, "wire:model=\"$field\"");
            self::assertSame(isset($typed[$field]) || ($field === 'tag' && $typed['type'] === 'CAA'), $isShown);
        }
        $this->assertSaid('success', 'Published', $page->fill($typed)->call('saveRecord'));
        self::assertArrayHasKey($key, $this->records($zone));
        // The same again is a success and changes nothing.
        $this->assertSaid('success', 'Published', $this->save($page, $typed));
        self::assertCount(3, $this->records($zone));
        $page->call('openRecord', $this->records($zone)[$key]['id']);
        $this->assertSaid('success', 'Published', $page->fill(['ttl' => '600'])->call('saveRecord'));
        $record = $this->records($zone)[$key];
        self::assertSame([600, 'published'], [$record['ttl'], $record['state']]);
        $page->call('askToDeleteRecord', $record['id']);
        self::assertStringContainsString('Delete this record?', $page->html);
        self::assertArrayHasKey($key, $this->records($zone));
        $this->assertSaid('success', 'Published', $page->call('deleteRecord'));
        self::assertArrayNotHasKey($key, $this->records($zone));
        // It is gone, and so is what was asked.
        self::assertSame([], $page->call('deleteRecord')->notices);
    }

    public function testShowsEachErrorAtItsField(): void
    {
        $zone = $this->zone();
        $page = $this->page($zone);
        $srv = ['priority' => '1', 'weight' => '1'];
        $cases = [
            'data' => [['type' => 'A', 'data' => '300.1.1.1'], 'must be an IPv4 address'],
            'name' => [['type' => 'A', 'name' => 'a..b', 'data' => '203.0.113.1'], '"name"'],
            'ttl' => [['type' => 'A', 'data' => '203.0.113.1', 'ttl' => 'soon'], 'Enter a whole number'],
            'priority' => [['type' => 'MX', 'data' => 'mail.example.com', 'priority' => '70000'], 'from 0 to 65535'],
            'port' => [$srv + ['type' => 'SRV', 'name' => '_a._tcp', 'data' => 'x.example'], 'is missing'],
            'tag' => [['type' => 'CAA', 'data' => 'letsencrypt.org', 'tag' => 'other'], 'must be issue'],
            'type' => [['type' => 'SOA', 'data' => 'x'], 'cannot be SOA'],
        ];
        foreach ($cases as $field => [$typed, $sentence]) {
            $this->save($page, $typed);
            self::assertSame([], $page->notices, $field);
            $faults = json_decode($page->state(), true)['faults'];
            self::assertSame([$field], array_keys($faults));
            self::assertStringContainsString($sentence, $faults[$field]);
            self::assertStringContainsString(e($faults[$field]), $page->html);
            // What was typed is not lost.
            self::assertSame($typed['data'], json_decode($page->state(), true)['data']);
        }
        $long = $this->save($page, ['type' => 'A', 'name' => str_repeat('x', 1001), 'data' => '203.0.113.1']);
        self::assertSame(['name'], array_keys(json_decode($long->state(), true)['faults']));
        // What cannot stand beside another.
        $conflict = $this->save($page, ['type' => 'CNAME', 'name' => 'www', 'data' => 'x.example.net']);
        $faults = json_decode($conflict->state(), true)['faults'];
        self::assertStringContainsString('beside other records', $faults['name']);
        self::assertCount(2, $this->records($zone));
    }

    public function testShowsWhatWasChangedBehindOurBackAndSettlesIt(): void
    {
        $zone = $this->zone();
        $page = $this->page($zone);
        self::assertStringContainsString('= 203.0.113.10', $page->html);
        $old = ['name' => "www.$zone.", 'type' => 'A', 'ttl' => 3600, 'rdata' => ['203.0.113.10']];
        Stage::behindOurBack($zone, ['op' => 'delete', 'old' => $old]);
        $strange = ['name' => "strange.$zone.", 'type' => 'A', 'ttl' => 60, 'rdata' => ['198.51.100.9']];
        Stage::behindOurBack($zone, ['op' => 'create', 'new' => $strange]);
        $apex = ['name' => "$zone.", 'rdata' => ['203.0.113.10']] + $old;
        Stage::behindOurBack($zone, ['op' => 'update', 'old' => $apex, 'new' => ['ttl' => 77] + $apex]);
        $page->refresh();
        foreach (['not published any more', 'not asked for here', 'another TTL'] as $text) {
            self::assertStringContainsString($text, $page->html);
        }
        $records = $this->records($zone);
        $this->assertSaid('success', 'Published', $page->call('settle', $records['www A PROXYSRV']['id']));
        $this->assertSaid('success', 'Published', $page->call('settle', $records['strange A 198.51.100.9']['id']));
        $this->assertSaid('success', 'Published', $page->call('settle', '12345'));
        $states = array_column($this->records($zone), 'state', 'name');
        self::assertSame(['@' => 'changed', 'strange' => 'published', 'www' => 'published'], $states);
        $page->call('openRecord', $this->records($zone)['@ A PROXYSRV']['id']);
        $page->fill(['ttl' => '3600'])->call('saveRecord');
        self::assertSame('published', $this->records($zone)['@ A PROXYSRV']['state']);
    }

    public function testShowsAPendingChangeAndLooksAgainByItself(): void
    {
        $zone = $this->zone();
        $page = $this->page($zone);
        self::assertStringNotContainsString('wire:poll', $page->html);
        Stage::holdDns();
        $this->save($page, ['type' => 'A', 'name' => 'slow', 'data' => '203.0.113.1']);
        $this->assertSaid('success', 'being published', $page);
        self::assertStringContainsString('wire:poll.3s', $page->html);
        self::assertStringContainsString('role="progressbar"', $page->html);
        self::assertStringContainsString('wire:poll.3s', Page::visit('/dns')->html);
        Stage::release();
        $operation = Stage::api('GET', "/v1/zones/$zone")['operation']['id'];
        Stage::api('GET', "/v1/operations/$operation?wait=20");
        self::assertStringNotContainsString('wire:poll', $page->refresh()->html);
        self::assertStringContainsString('<code>slow</code>', $page->html);
    }

    public function testSendsTheZoneAsAFile(): void
    {
        $zone = $this->zone();
        $page = $this->page($zone)->call('download');
        self::assertSame("attachment; filename=$zone.zone", $page->download['name'] ?? null);
        self::assertStringStartsWith('text/dns', $page->download['type']);
        self::assertStringContainsString("\$ORIGIN $zone.", $page->download['body']);
        self::assertStringContainsString("www\t3600\tIN\tA\t203.0.113.10", $page->download['body']);
        foreach (['loses the answer' => 'cannot be reached', 'answers null' => 'makes no sense'] as $how => $sentence) {
            Stage::fault("GET /v1/zones/$zone/export", $how);
            $this->assertSaid('error', $sentence, $page->call('download'));
            self::assertNull($page->download);
        }
    }

    public function testTakesAFileInOnlyAsItWasChecked(): void
    {
        $zone = $this->zone();
        $page = $this->page($zone)->call('openImport');
        $file = "@ 3600 IN SOA a b 1 2 3 4 5\nmail 300 IN A 203.0.113.20\n";
        $page->fill(['file' => $file])->call('takeImport');
        self::assertCount(2, $this->records($zone));
        self::assertStringContainsString('+ mail 300 A 203.0.113.20', $page->html);
        self::assertStringContainsString('Line 1:', $page->html);
        // Another mode was not checked.
        $page->fill(['mode' => 'replace'])->call('takeImport');
        self::assertCount(2, $this->records($zone));
        self::assertStringContainsString('- www 3600 A 203.0.113.10', $page->html);
        self::assertStringContainsString('pvr-danger', $page->html);
        Stage::fault("POST /v1/zones/$zone/import", 'loses the answer');
        $this->assertSaid('error', 'cannot be reached', $page->call('takeImport'));
        $this->assertSaid('success', 'was taken in', $page->call('takeImport'));
        self::assertSame(['mail A 203.0.113.20'], array_keys($this->records($zone)));
        $keys = array_column(Stage::calls("POST /v1/zones/$zone/import"), 'key');
        self::assertSame($keys[2], $keys[3]);
        $page->call('openImport')->fill(['file' => $file, 'mode' => 'merge'])->call('checkImport');
        self::assertStringContainsString('Nothing would change', $page->html);
        $page->fill(['file' => "ok 60 IN A 203.0.113.1\nbad IN A 300.1.1.1\n<script> IN TXT x"])->call('checkImport');
        self::assertStringContainsString('These lines cannot be taken', $page->html);
        self::assertStringContainsString('Line 2:', $page->html);
        self::assertStringNotContainsString('<script>', $page->html);
        self::assertStringNotContainsString('wire:click="takeImport"', $page->html);
    }

    public function testDeletesTheZoneOnlyWhenItsNameIsTyped(): void
    {
        $zone = $this->zone();
        $page = $this->page($zone);
        $page->fill(['typed' => $zone])->call('deleteZone');
        $page->call('askToDeleteZone');
        foreach (['', 'example.com', "$zone."] as $typed) {
            $page->fill(['typed' => $typed])->call('deleteZone');
            self::assertNull($page->redirect);
            self::assertStringContainsString('not the name of the domain', $page->html);
        }
        self::assertSame([], Stage::calls('DELETE'));
        Stage::fault("DELETE /v1/zones/$zone", 'loses the answer');
        $page->fill(['typed' => strtoupper($zone)])->call('deleteZone');
        // Nobody knows whether it is done, so the customer is led to where that is seen.
        $this->assertSaid('error', 'cannot be reached', $page);
        self::assertSame('http://panel.test/dns', $page->redirect);
        $this->refused(static fn () => $page->call('deleteZone'), NotFoundHttpException::class);
        self::assertStringNotContainsString($zone, Page::visit('/dns')->html);
        $other = $this->zone();
        $page = $this->page($other)->call('askToDeleteZone')->fill(['typed' => $other])->call('deleteZone');
        self::assertSame('http://panel.test/dns', $page->redirect);
        $this->refused(fn () => $this->page($other), NotFoundHttpException::class);
    }

    public function testShowsTheNamesOfSitesAndEditsNoneOfThem(): void
    {
        $service = $this->site();
        Panel::signIn($service->user_id);
        $page = Page::visit('/dns/sites.localhost');
        self::assertStringContainsString("Managed by the site of service $service->id", $page->html);
        self::assertStringContainsString('belong to your sites', $page->html);
        self::assertStringNotContainsString('wire:click', $page->html);
        $record = Stage::api('GET', '/v1/zones/sites.localhost/records?customer_id=' . $service->user_id)['data'][0];
        $page->call('openRecord', $record['id']);
        self::assertStringNotContainsString('wire:model', $page->html);
        $this->save($page, ['type' => 'A', 'name' => 'evil', 'data' => '203.0.113.1']);
        $this->assertSaid('error', 'cannot be edited here', $page);
        $page->call('askToDeleteRecord', $record['id'])->call('deleteRecord');
        $this->assertSaid('error', 'cannot be edited here', $page);
        Panel::signIn($service->user_id + 1);
        self::assertStringNotContainsString("service $service->id", Page::visit('/dns/sites.localhost')->html);
    }

    /** @return list<array{string, list<string>}> */
    private function actions(): array
    {
        $class = new ReflectionClass(ZonePage::class);
        $actions = [];
        foreach ($class->getMethods(ReflectionMethod::IS_PUBLIC) as $method) {
            if ($method->class === $class->name && !in_array($method->name, ['mount', 'render'], true)) {
                $actions[] = [$method->name, array_fill(0, $method->getNumberOfParameters(), '1')];
            }
        }
        return $actions;
    }

    public function testIs404ForASecondCustomerOnThePageAndInEveryAction(): void
    {
        $zone = $this->zone();
        $before = $this->records($zone);
        $record = $before['www A PROXYSRV']['id'];
        self::assertCount(12, $this->actions());
        foreach ($this->actions() as [$method, $arguments]) {
            foreach (['record', 'import', 'delete-record', 'delete-zone'] as $open) {
                $page = $this->page($zone)->fill(['data' => '203.0.113.99', 'file' => 'x 60 IN A 203.0.113.1']);
                match ($open) {
                    'record' => $page->call('openRecord', $record),
                    'import' => $page->call('openImport'),
                    'delete-record' => $page->call('askToDeleteRecord', $record),
                    default => $page->call('askToDeleteZone'),
                };
                $page->fill(['data' => '203.0.113.99', 'typed' => $zone]);
                Panel::signIn($this->customer + 1);
                Stage::reset();
                $this->refused(static fn () => $page->call($method, ...$arguments), NotFoundHttpException::class);
                foreach (Stage::calls() as $call) {
                    self::assertStringContainsString((string) ($this->customer + 1), $call['call'] . $call['body']);
                }
                Panel::$visitor = null;
                Stage::reset();
                $this->refused(static fn () => $page->call($method, ...$arguments), AuthenticationException::class);
                self::assertSame([], Stage::calls());
                Panel::signIn($this->customer);
            }
        }
        Panel::signIn($this->customer + 1);
        $this->refused(fn () => $this->page($zone), NotFoundHttpException::class);
        $this->refused(fn () => $this->page('nobody-has-this.com'), NotFoundHttpException::class);
        self::assertSame($before, $this->records($zone));
    }

    public function testLetsTheBrowserSetNothingButWhatIsTyped(): void
    {
        $page = $this->page($this->zone());
        $typed = ['name', 'type', 'data', 'ttl', 'priority', 'weight', 'port', 'flags', 'tag', 'file', 'mode', 'typed'];
        $names = array_keys(json_decode($page->state(), true));
        foreach (array_diff($names, $typed) as $name) {
            $this->refused(static fn () => $page->fill([$name => 'x']), RuntimeException::class);
        }
        self::assertSame([], array_diff($typed, $names));
        self::assertStringNotContainsString(Stage::key(), $page->state() . $page->html);
    }

    public function testEscapesWhateverComesFromOutside(): void
    {
        $zone = $this->zone();
        $evil = '"><script>alert(1)</script>\');alert(2)//{{ 7 * 7 }}';
        $record = [
            'id' => $evil, 'name' => $evil, 'fqdn' => $evil, 'type' => 'TXT', 'data' => $evil, 'ttl' => 60,
            'published' => "$evil!", 'state' => 'foreign', 'managed_by' => null, 'operation' => null,
        ];
        $answer = ['data' => [$record], 'quota' => ['used' => 1, 'limit' => 9], 'verified' => false];
        Stage::fault("GET /v1/zones/$zone/records", 'answers', 9, ['status' => 200, 'body' => $answer]);
        $page = $this->page($zone)->call('openRecord', $evil);
        self::assertStringContainsString('do not answer right now', $page->html);
        foreach ([$page->html, $page->call('askToDeleteRecord', $evil)->html] as $html) {
            self::assertStringNotContainsString('<script>', $html);
            self::assertStringContainsString('{{ 7 * 7 }}', $html);
            $document = new DOMDocument();
            $document->loadHTML("<?xml encoding=\"utf-8\"?>$html", LIBXML_NOERROR);
            foreach ((new DOMXPath($document))->query('//@*[name()="wire:click"]') as $action) {
                self::assertMatchesRegularExpression("/^\\w+(\\(('[^']*'(, )?)*\\))?$/", (string) $action->nodeValue);
            }
        }
    }

    public function testSaysSoWhenProvisorIsDownSlowOrAnswersGarbage(): void
    {
        $zone = $this->zone();
        $page = $this->page($zone);
        Stage::fault("GET /v1/zones/$zone/records", 'answers garbage');
        self::assertStringContainsString('makes no sense', $page->refresh()->html);
        self::assertStringContainsString($zone, $page->html);
        foreach (['answers garbage', 'answers null', 'answers a page'] as $how) {
            $page->call('openRecord')->fill(['data' => '203.0.113.5', 'name' => 'g']);
            Stage::fault("POST /v1/zones/$zone/records", $how);
            $this->assertSaid('error', 'makes no sense', $page->call('saveRecord'));
            self::assertStringContainsString('wire:submit.prevent="saveRecord"', $page->html);
        }
        Stage::fault("POST /v1/zones/$zone/records", 'loses the answer');
        $this->assertSaid('error', 'cannot be reached', $page->call('saveRecord'));
        $this->assertSaid('success', 'Published', $page->call('saveRecord'));
        self::assertCount(3, $this->records($zone));
        Stage::fault("GET /v1/zones/$zone", 'is slow');
        $begun = microtime(true);
        self::assertStringContainsString('cannot be reached', $page->refresh()->html);
        self::assertLessThan(8.0, microtime(true) - $begun);
        Panel::install('ProvisorDns', ['url' => self::NOBODY]);
        $this->assertSaid('error', 'cannot be reached', $page->call('askToDeleteRecord', '1')->call('deleteRecord'));
    }
}
