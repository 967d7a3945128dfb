<?php

declare(strict_types=1);

namespace Provisor\Tests\Tests;

use App\Attributes\ExtensionMeta;
use Paymenter\Extensions\Servers\ProvisorSites\ProvisorSites;
use Provisor\Tests\Harness\Panel;
use Provisor\Tests\Harness\Stage;
use ReflectionClass;

/** The server extension, as the panel's jobs and forms call it. */
final class SitesTest extends StageTestCase
{
    private const NOBODY = 'http://127.0.0.1:9';

    public function testHasTheAttributeThatThePanelReads(): void
    {
        $attributes = (new ReflectionClass(ProvisorSites::class))->getAttributes(ExtensionMeta::class);
        $meta = $attributes[0]->newInstance();
        self::assertSame('Provisor Sites', $meta->name);
        self::assertStringStartsWith('data:image/svg+xml,', $meta->icon);
        // The panel finds an uploaded extension by such a line; `final class` would hide it.
        $source = (string) file_get_contents((string) (new ReflectionClass(ProvisorSites::class))->getFileName());
        self::assertMatchesRegularExpression('/^\s*class\s+ProvisorSites\s+extends/m', $source);
    }

    public function testGoesFromOrderPaidToSiteOpens(): void
    {
        $service = $this->order();
        $begun = microtime(true);
        $mail = $this->job($service, 'createServer');
        self::assertLessThan(5.0, microtime(true) - $begun);
        self::assertSame('active', $this->state($service));
        self::assertSame("customer-$service->id.sites.localhost", $mail['site_hostname']);
        self::assertSame(200, Stage::visit($mail['site_hostname']));
        $operation = $this->shown($service)['operation']['id'];
        self::assertSame(['provisor_operation'], array_keys($service->properties));
        self::assertSame($operation, $service->properties['provisor_operation']->value);
    }

    public function testDoesEachStepOfALifeTwiceWithoutHarm(): void
    {
        $service = $this->order();
        $this->job($service, 'createServer');
        $this->job($service, 'createServer');
        self::assertSame('active', $this->state($service));
        foreach (['suspendServer' => 'suspended', 'unsuspendServer' => 'active'] as $method => $state) {
            $this->job($service, $method);
            $this->job($service, $method);
            self::assertSame($state, $this->state($service));
        }
        $service->product->settings[0]->value = 'premium';
        $this->job($service, 'upgradeServer');
        $this->job($service, 'upgradeServer');
        self::assertSame('active', $this->state($service));
        self::assertSame('premium', $this->shown($service)['plan']);
        $this->job($service, 'terminateServer');
        $this->job($service, 'terminateServer');
        self::assertSame('deleted', $this->state($service));
        $this->job($service, 'terminateServer');
    }

    public function testTerminatesBeforeTheCreateHasEnded(): void
    {
        $service = $this->order();
        Stage::hold('install');
        $this->job($service, 'createServer');
        $this->job($service, 'terminateServer');
        Stage::release();
        self::assertSame('deleted', $this->state($service));
    }

    public function testWaitsForTheCreateBeforeItSuspends(): void
    {
        $service = $this->order();
        Stage::hold('install');
        $this->job($service, 'createServer');
        Stage::releaseAt('GET /v1/operations/');
        $this->job($service, 'suspendServer');
        self::assertSame('suspended', $this->state($service));
    }

    public function testBringsASiteBackAfterItsAnswerWasLost(): void
    {
        $service = $this->site();
        $this->job($service, 'suspendServer');
        self::assertSame('suspended', $this->state($service));
        Stage::fault("POST /v1/sites/$service->id/unsuspend", 'loses the answer', 2);
        $this->job($service, 'unsuspendServer');
        self::assertSame('active', $this->state($service));
        self::assertCount(3, Stage::calls("POST /v1/sites/$service->id/unsuspend"));
    }

    /** @return array<string, array{string}> */
    public function jobs(): array
    {
        $names = ['createServer', 'suspendServer', 'unsuspendServer', 'terminateServer', 'upgradeServer'];
        return array_combine($names, array_map(static fn (string $name): array => [$name], $names));
    }

    /** @dataProvider jobs */
    public function testSaysSoWhenProvisorIsDownSlowOrAnswersGarbage(string $method): void
    {
        $down = $this->order(['url' => self::NOBODY, 'patience' => '0.5']);
        self::assertStringContainsString('cannot be reached right now', $this->failure($down, $method));
        $service = $this->order(['patience' => '0.5']);
        $verb = $method === 'terminateServer' ? 'DELETE' : 'POST';
        $faults = ['is slow' => 'unreachable']
            + array_fill_keys(['answers garbage', 'answers null', 'answers a page'], 'unexpected_answer');
        foreach ($faults as $how => $code) {
            Stage::reset();
            Stage::fault("$verb /v1/sites", $how, 50);
            $begun = microtime(true);
            self::assertStringContainsString("[$code", $this->failure($service, $method), $how);
            self::assertLessThan(8.0, microtime(true) - $begun);
        }
    }

    public function testTestsTheConnectionAndSaysWhatIsWrong(): void
    {
        $test = static fn (array $settings): bool|string => (new ProvisorSites($settings))->testConfig();
        $good = ['url' => Stage::url() . '/', 'api_key' => ' ' . Stage::key() . ' '];
        self::assertTrue($test($good));
        $empty = (string) $test(['url' => '', 'api_key' => '']);
        self::assertStringContainsString('https://provisor.example.com', $empty);
        self::assertStringContainsString('key is empty', (string) $test(['url' => Stage::url(), 'api_key' => '']));
        self::assertStringContainsString('refuses the key', (string) $test(['api_key' => 'pvr_00000000_x'] + $good));
        self::assertStringContainsString('Nothing answers', (string) $test(['url' => self::NOBODY] + $good));
        $lacking = (string) $test(['api_key' => Stage::poorKey()] + $good);
        self::assertStringContainsString('sites:read, sites:write', $lacking);
        Stage::fault('GET /v1/whoami', 'answers a page');
        self::assertStringContainsString('status 502, and it is not Provisor', (string) $test($good));
        self::assertStringNotContainsString(Stage::key(), $lacking);
    }

    public function testOffersThePlansThatThereAre(): void
    {
        $field = (new ProvisorSites(['url' => Stage::url(), 'api_key' => Stage::key()]))->getProductConfig()[0];
        self::assertSame(['plan', 'select', true], [$field['name'], $field['type'], $field['required']]);
        self::assertSame('basic: 2 GB memory, 20 GB disk, 2 backups, 3 domains', $field['options']['basic']);
        $field = (new ProvisorSites(['url' => self::NOBODY, 'api_key' => 'x']))->getProductConfig()[0];
        self::assertSame(['plan', 'text'], [$field['name'], $field['type']]);
        self::assertStringContainsString('cannot be reached', $field['description']);
    }

    public function testHasFieldsOfTheKindsThatThePanelKnows(): void
    {
        $extension = new ProvisorSites([]);
        $fields = [...$extension->getConfig(), ...$extension->getCheckoutConfig($this->order()->product)];
        foreach ($fields as $field) {
            self::assertContains($field['type'], ['text', 'password', 'number', 'select']);
            self::assertStringNotContainsString('::', $field['label'] . $field['description']);
        }
        $keys = array_column($fields, 'encrypted', 'name');
        self::assertSame(['api_key' => true], $keys);
    }

    public function testSavesTheKeyEncryptedWhenAServerIsMade(): void
    {
        $server = $this->order()->product->server;
        $extension = new ProvisorSites([]);
        $extension->enabled($server);
        $extension->enabled($server);
        $saved = $server->settings->where('encrypted', true)->values();
        self::assertSame(['api_key', 1], [$saved[0]->key, $saved[0]->saved]);
        self::assertCount(1, $saved);
    }

    public function testGivesTheSiteTheNameThatWasWishedAtTheCheckout(): void
    {
        $service = $this->order();
        $service->properties()->updateOrCreate(['key' => 'subdomain'], ['value' => "wish-$service->id"]);
        self::assertSame("wish-$service->id.sites.localhost", $this->job($service, 'createServer')['site_hostname']);
    }

    public function testNeverThrowsWhereThePanelWouldShowAnEmptyPage(): void
    {
        $service = $this->order(['url' => self::NOBODY]);
        $actions = $this->job($service, 'getActions');
        self::assertSame(['button', 'view'], array_column($actions, 'type'));
        self::assertSame([], Stage::calls());
        $service = $this->order(['url' => '', 'api_key' => '']);
        self::assertCount(2, $this->job($service, 'getActions'));
        self::assertStringStartsWith('shown: This service is not configured', $this->failure($service, 'login'));
    }

    public function testLeadsToTheLoginOfTheSite(): void
    {
        $service = $this->site();
        $link = $this->job($service, 'login');
        self::assertStringStartsWith("http://customer-$service->id.sites.localhost", $link);
        Stage::fault("POST /v1/sites/$service->id/login-link", 'answers', 1, [
            'status' => 201,
            'body' => ['url' => 'javascript:alert(1)', 'expires_at' => '2026-01-31T12:05:00.000Z'],
        ]);
        self::assertStringStartsWith('shown: ', $this->failure($service, 'login'));
    }

    public function testSpeaksRomanian(): void
    {
        Panel::speak('ro');
        $service = $this->order(['url' => self::NOBODY]);
        self::assertSame('Autentificare în site', $this->job($service, 'getActions')[0]['label']);
        $failure = $this->failure($service, 'login');
        self::assertStringContainsString('Serviciul de găzduire nu poate fi accesat', $failure);
    }

    public function testHasEverySentenceInBothLanguages(): void
    {
        $files = glob(getenv('PROVISOR_STAGE_EXTENSIONS') . '/*/*/{Shared,resources}/lang/en/*.php', GLOB_BRACE);
        self::assertGreaterThan(18, count($files ?: []));
        foreach ($files ?: [] as $file) {
            $english = require $file;
            $romanian = require str_replace('/en/', '/ro/', $file);
            self::assertSame(self::keysOf($english), self::keysOf($romanian), $file);
        }
    }

    /**
     * Names of sentences, with the values that each of them takes.
     *
     * @param array<string, mixed> $sentences
     * @return array<string, mixed>
     */
    private static function keysOf(array $sentences): array
    {
        return array_map(static function (mixed $sentence): mixed {
            if (is_array($sentence)) {
                return self::keysOf($sentence);
            }
            preg_match_all('/:[a-z]+/', $sentence, $values);
            sort($values[0]);
            return $values[0];
        }, $sentences);
    }
}
