<?php

declare(strict_types=1);

namespace Provisor\Tests\Tests;

use App\Attributes\ExtensionMeta;
use Illuminate\Auth\AuthenticationException;
use Illuminate\Support\Facades\Event;
use Paymenter\Extensions\Others\ProvisorDns\ProvisorDns;
use Provisor\Tests\Harness\Page;
use Provisor\Tests\Harness\Panel;
use Provisor\Tests\Harness\Stage;
use ReflectionClass;
use RuntimeException;

/** The DNS extension in the panel, and its list of zones. */
final class ZonesPageTest extends DnsTestCase
{
    public function testHasTheAttributeAndTheClassLineThatThePanelReads(): void
    {
        $class = new ReflectionClass(ProvisorDns::class);
        $meta = $class->getAttributes(ExtensionMeta::class)[0]->newInstance();
        self::assertSame('Provisor DNS', $meta->name);
        $source = (string) file_get_contents((string) $class->getFileName());
        self::assertMatchesRegularExpression('/^\s*class\s+ProvisorDns\s+extends/m', $source);
    }

    public function testStandsInTheNavigationOfThoseWhoAreSignedIn(): void
    {
        $items = array_values(array_filter(Event::dispatch('navigation.dashboard')));
        $item = ['name' => 'DNS', 'route' => 'provisor-dns.zones', 'icon' => 'ri-global'];
        self::assertSame($item + ['condition' => true, 'priority' => 25], $items[0]);
        Panel::$visitor = null;
        self::assertFalse(Event::dispatch('navigation.dashboard')[0]['condition']);
        $this->refused(static fn () => Page::visit('/dns'), AuthenticationException::class);
        $this->refused(static fn () => Page::visit('/dns/example.com'), AuthenticationException::class);
    }

    public function testSaysInItsFormWhetherTheConnectionIsGood(): void
    {
        $extension = new ProvisorDns([]);
        self::assertSame(['url', 'api_key'], array_column($extension->getConfig(), 'name'));
        $good = ['url' => Stage::url(), 'api_key' => Stage::key()];
        $said = static fn (array $values): string => $extension->getConfig($values)[2]['label'];
        self::assertStringStartsWith('Connected', $said($good));
        self::assertStringContainsString('dns:read, dns:write', $said(['api_key' => Stage::poorKey()] + $good));
        self::assertStringContainsString('Nothing answers', $said(['url' => self::NOBODY] + $good));
        self::assertSame([true], array_values(array_filter(array_column($extension->getConfig($good), 'encrypted'))));
    }

    public function testListsZonesWithTheirQuotas(): void
    {
        self::assertStringContainsString('No domain yet', Page::visit('/dns')->html);
        $zone = $this->zone();
        $page = Page::visit('/dns');
        foreach (['1 of 3 used', $zone, '2 of 3000 records', 'Active', "/dns/$zone"] as $text) {
            self::assertStringContainsString($text, $page->html);
        }
        self::assertSame(['title' => 'DNS', 'sidebar' => true], Page::$layout);
        self::assertStringNotContainsString('::', strip_tags($page->html));
        Panel::signIn($this->customer + 1);
        self::assertStringNotContainsString($zone, Page::visit('/dns')->html);
    }

    public function testShowsWhatHasToBeSetAndWhatIsThereInstead(): void
    {
        $name = $this->newName();
        $page = Page::visit('/dns')->fill(['name' => " $name "])->call('create');
        self::assertSame([], $page->notices);
        $text = json_decode($page->state(), true)['needed']['wanted'][0];
        self::assertStringContainsString("<code>_provisor-challenge.$name</code>", $page->html);
        self::assertStringContainsString("<code>$text</code>", $page->html);
        self::assertMatchesRegularExpression('/Seen there now:\s+nothing/', $page->html);
        Stage::dns("_provisor-challenge.$name", 'TXT', 'an <b>older</b> text');
        self::assertStringContainsString(
            'Seen there now: <code>an &lt;b&gt;older&lt;/b&gt; text</code>',
            (string) preg_replace('/\s+/', ' ', $page->call('create')->html)
        );
        Stage::dns("_provisor-challenge.$name", 'TXT', $text);
        Stage::delegate($name, 'ns.elsewhere.net');
        $html = $page->call('create')->html;
        foreach (['ns1.nameservers.net', 'ns2.nameservers.net', '<code>ns.elsewhere.net</code>'] as $host) {
            self::assertStringContainsString($host, $html);
        }
        self::assertStringNotContainsString('_provisor-challenge', $html);
        Stage::delegate($name);
        self::assertMatchesRegularExpression('/Seen there now:\s+nothing/', $page->call('create')->html);
        Stage::delegate($name, 'ns1.nameservers.net', 'ns2.nameservers.net');
        $this->assertSaid('success', 'The domain was added', $page->call('create'));
        self::assertStringNotContainsString('Seen there now', $page->html);
        self::assertStringContainsString('1 of 3 used', $page->html);
        // The same again is the same zone.
        $this->assertSaid('success', 'The domain was added', $page->fill(['name' => $name])->call('create'));
        self::assertStringContainsString('1 of 3 used', $page->html);
    }

    public function testSaysAtTheFieldWhyANameCannotBeAZone(): void
    {
        $page = Page::visit('/dns');
        foreach (['' => 'pvr-fault', 'com' => 'pvr-fault', 'a b' => 'pvr-fault'] as $name => $class) {
            $page->fill(['name' => (string) $name])->call('create');
            self::assertStringContainsString("class=\"$class\"", $page->html, (string) $name);
            self::assertSame([], $page->notices);
        }
        $zone = $this->zone();
        Panel::signIn($this->customer + 1);
        $taken = Page::visit('/dns')->fill(['name' => $zone])->call('create');
        self::assertStringContainsString('is in use', $taken->html);
        self::assertStringNotContainsString((string) $this->customer, $taken->html);
    }

    public function testTakesNoMoreZonesThanTheQuota(): void
    {
        $this->zone();
        $this->zone();
        $page = Page::visit('/dns');
        self::assertStringContainsString('wire:submit', $page->html);
        $this->zone();
        self::assertStringNotContainsString('wire:submit', $page->refresh()->html);
        self::assertStringContainsString('3 of 3 used', $page->html);
    }

    public function testSaysSoWhenProvisorIsDownSlowOrAnswersGarbage(): void
    {
        $name = $this->newName();
        foreach (['is slow', 'loses the answer'] as $how) {
            Stage::reset();
            Stage::fault('GET /v1/zones', $how);
            $begun = microtime(true);
            self::assertStringContainsString('cannot be reached', Page::visit('/dns')->html, $how);
            self::assertLessThan(8.0, microtime(true) - $begun);
        }
        foreach (['answers garbage', 'answers null', 'answers a page'] as $how) {
            Stage::reset();
            Stage::fault('GET /v1/zones', $how);
            self::assertStringContainsString('makes no sense', Page::visit('/dns')->html, $how);
            Stage::fault('POST /v1/zones', $how);
            $page = Page::visit('/dns')->fill(['name' => $name])->call('create');
            $this->assertSaid('error', 'makes no sense', $page);
        }
        // What was typed is not lost.
        self::assertSame($name, json_decode($page->state(), true)['name']);
        Panel::install('ProvisorDns', ['url' => self::NOBODY]);
        self::assertStringContainsString('cannot be reached', Page::visit('/dns')->html);
        Panel::install('ProvisorDns', ['api_key' => '']);
        self::assertStringContainsString('not configured', Page::visit('/dns')->html);
        self::assertSame('DNS', array_values(array_filter(Event::dispatch('navigation.dashboard')))[0]['name']);
    }

    public function testMakesOneZoneWhenTheAnswerIsLostAndTheCustomerPressesAgain(): void
    {
        $name = $this->newName();
        $page = Page::visit('/dns')->fill(['name' => $name])->call('create');
        Stage::dns("_provisor-challenge.$name", 'TXT', json_decode($page->state(), true)['needed']['wanted'][0]);
        Stage::fault('POST /v1/zones', 'loses the answer');
        $this->assertSaid('error', 'cannot be reached', $page->call('create'));
        $this->assertSaid('success', 'The domain', $page->call('create'));
        self::assertStringContainsString('1 of 3 used', $page->html);
    }

    public function testTakesWhoseZonesTheyAreFromNothingThatTheBrowserSends(): void
    {
        $page = Page::visit('/dns');
        self::assertSame(['name', 'fault', 'needed'], array_keys(json_decode($page->state(), true)));
        $this->refused(static fn () => $page->set('needed', []), RuntimeException::class);
        self::assertStringNotContainsString(Stage::key(), $page->state() . $page->html);
        Stage::reset();
        $page->fill(['name' => 'customer_id=1&example.com'])->call('create');
        foreach (Stage::calls() as $call) {
            self::assertStringContainsString((string) $this->customer, $call['call'] . $call['body']);
        }
        Panel::$visitor = null;
        Stage::reset();
        foreach (['create', 'dismiss'] as $method) {
            $this->refused(static fn () => $page->call($method), AuthenticationException::class);
        }
        $this->refused(static fn () => $page->call('createAgain', 'x.com'), AuthenticationException::class);
        $this->refused(static fn () => $page->refresh(), AuthenticationException::class);
        self::assertSame([], Stage::calls());
    }

    public function testSpeaksRomanian(): void
    {
        Panel::speak('ro');
        self::assertStringContainsString('Domeniile dumneavoastră', Page::visit('/dns')->html);
    }
}
