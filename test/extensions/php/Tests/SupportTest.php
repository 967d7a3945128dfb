<?php

declare(strict_types=1);

namespace Provisor\Tests\Tests;

use App\Attributes\ExtensionMeta;
use App\Models\Service;
use App\Models\User;
use Illuminate\Auth\Access\AuthorizationException;
use Paymenter\Extensions\Servers\ProvisorSupport\ProvisorSupport;
use Provisor\Tests\Harness\Page;
use Provisor\Tests\Harness\Panel;
use Provisor\Tests\Harness\Stage;
use ReflectionClass;
use Symfony\Component\HttpKernel\Exception\NotFoundHttpException;

/** The support extension: its jobs, and the view with the key. */
final class SupportTest extends StageTestCase
{
    private function subscription(array $settings = []): Service
    {
        return $this->order($settings, [], 'ProvisorSupport');
    }

    private function keyOf(Service $service): string
    {
        return (string) $service->properties['support_key']->value;
    }

    /** @return array{0: bool, 1: ?string} whether the help desk takes the key, and why not */
    private function verified(string $key): array
    {
        $answer = Stage::api('POST', '/v1/support/verify', ['support_key' => $key]);
        return [$answer['valid'], $answer['reason']];
    }

    public function testGivesAKeyAndDoesEachStepTwiceWithoutHarm(): void
    {
        $service = $this->subscription();
        $mail = $this->job($service, 'createServer');
        self::assertMatchesRegularExpression('/^SUP-[A-Z0-9]{16}$/', $mail['support_key']);
        self::assertSame($mail['support_key'], $this->keyOf($service));
        self::assertSame(['support_key'], array_keys($service->properties));
        $service->user->email = "moved-$service->id@example.com";
        self::assertSame($mail, $this->job($service, 'createServer'));
        $steps = [
            'suspendServer' => [false, 'suspended'],
            'unsuspendServer' => [true, null],
            'upgradeServer' => [true, null],
            'terminateServer' => [false, 'terminated'],
        ];
        foreach ($steps as $method => $answer) {
            $this->job($service, $method);
            $this->job($service, $method);
            self::assertSame($answer, $this->verified($mail['support_key']), $method);
        }
        self::assertStringContainsString('[service_', $this->failure($service, 'createServer'));
    }

    public function testKeepsTheKeyWhenTheAnswerOfTheOrderIsLost(): void
    {
        $service = $this->subscription();
        Stage::fault('POST /v1/support', 'loses the answer', 2);
        $key = $this->job($service, 'createServer')['support_key'];
        self::assertSame([true, null], $this->verified($key));
        self::assertCount(3, Stage::calls('POST /v1/support'));
    }

    public function testSaysSoWhenProvisorIsDownSlowOrAnswersGarbage(): void
    {
        $down = $this->subscription(['url' => 'http://127.0.0.1:9', 'patience' => '0.5']);
        $service = $this->subscription(['patience' => '0.5']);
        foreach (['createServer', 'suspendServer', 'unsuspendServer', 'terminateServer'] as $method) {
            self::assertStringContainsString('[unreachable]', $this->failure($down, $method));
            foreach (['is slow' => 'unreachable', 'answers garbage' => 'unexpected_answer'] as $how => $code) {
                Stage::reset();
                Stage::fault('POST /v1/support', $how, 50);
                self::assertStringContainsString("[$code]", $this->failure($service, $method));
            }
        }
        Stage::reset();
        self::assertSame([], $service->properties);
        self::assertCount(1, $this->job($down, 'getActions'));
        Panel::$visitor = $down->user;
        self::assertStringContainsString('cannot be reached', Page::open($down, 'support')->html);
    }

    public function testTerminatesWhatNeverWas(): void
    {
        self::assertTrue($this->job($this->subscription(), 'terminateServer'));
    }

    public function testTestsTheConnection(): void
    {
        $settings = ['url' => Stage::url(), 'api_key' => Stage::key()];
        self::assertTrue((new ProvisorSupport($settings))->testConfig());
        $poor = (string) (new ProvisorSupport(['api_key' => Stage::poorKey()] + $settings))->testConfig();
        self::assertStringContainsString('support:read, support:write', $poor);
        $meta = (new ReflectionClass(ProvisorSupport::class))->getAttributes(ExtensionMeta::class)[0]->newInstance();
        self::assertSame('Provisor Support', $meta->name);
    }

    public function testShowsTheKeyAndGivesANewOneOnlyAfterItWasConfirmed(): void
    {
        $service = $this->subscription();
        $old = $this->job($service, 'createServer')['support_key'];
        $page = Page::open($service, 'support');
        self::assertStringContainsString($old, $page->html);
        self::assertStringContainsString((string) $service->user->email, $page->html);
        self::assertStringContainsString($old, $page->call('changeKey')->html);
        $page->call('askForKey')->call('changeKey');
        self::assertSame('success', $page->notices[0]['type']);
        $new = $this->keyOf($service);
        self::assertNotSame($old, $new);
        self::assertStringContainsString($new, $page->html);
        self::assertSame([[false, 'replaced'], [true, null]], [$this->verified($old), $this->verified($new)]);
    }

    public function testShowsTheKeyThatHoldsWhenTheAnswerOfTheChangeIsLost(): void
    {
        $service = $this->subscription();
        $old = $this->job($service, 'createServer')['support_key'];
        Stage::fault("POST /v1/support/$service->id/rotate", 'loses the answer');
        $page = Page::open($service, 'support')->call('askForKey')->call('changeKey');
        self::assertSame('error', $page->notices[0]['type']);
        self::assertCount(1, Stage::calls("POST /v1/support/$service->id/rotate"));
        self::assertStringNotContainsString($old, $page->html);
        preg_match('/SUP-[A-Z0-9]{16}/', $page->html, $shown);
        self::assertSame([true, null], $this->verified($shown[0]));
        self::assertSame($shown[0], $this->keyOf($service));
    }

    public function testShowsNoKeyWhileItIsNotGood(): void
    {
        $service = $this->subscription();
        $key = $this->job($service, 'createServer')['support_key'];
        $this->job($service, 'suspendServer');
        $html = Page::open($service, 'support')->html;
        self::assertStringContainsString('good again once it is paid', $html);
        self::assertStringNotContainsString($key, $html);
    }

    public function testAsksInEveryActionWhetherThisCustomerMay(): void
    {
        $service = $this->subscription();
        $this->job($service, 'createServer');
        $page = Page::open($service, 'support');
        Stage::reset();
        foreach (['askForKey', 'dismiss', 'changeKey', 'refresh'] as $method) {
            $press = static fn (): Page => $method === 'refresh' ? $page->refresh() : $page->call($method);
            Panel::$visitor = new User(1, 'someone@example.com');
            $this->refused($press, AuthorizationException::class);
            Panel::$visitor = $service->user;
            $service->status = Service::STATUS_CANCELLED;
            $this->refused($press, NotFoundHttpException::class);
            $service->status = Service::STATUS_ACTIVE;
        }
        self::assertSame([], Stage::calls());
    }
}
