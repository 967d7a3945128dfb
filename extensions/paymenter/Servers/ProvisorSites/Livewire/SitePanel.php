<?php

declare(strict_types=1);

namespace Paymenter\Extensions\Servers\ProvisorSites\Livewire;

use App\Helpers\ExtensionHelper;
use App\Livewire\Component;
use App\Models\Service;
use Exception;
use Illuminate\Contracts\View\View as ViewContract;
use Illuminate\Support\Facades\Gate;
use Illuminate\Support\Facades\View;
use InvalidArgumentException;
use Livewire\Attributes\Locked;
use Paymenter\Extensions\Servers\ProvisorSites\Figures;
use Paymenter\Extensions\Servers\ProvisorSites\Overview;
use Paymenter\Extensions\Servers\ProvisorSites\ProvisorSites;
use Provisor\Client\Call;
use Provisor\Client\Client;
use Provisor\Client\Exception\ProvisorException;
use Symfony\Component\HttpKernel\Exception\NotFoundHttpException;

/**
 * The service view. Its public properties travel through the browser, so they
 * hold no setting of the server; and every action asks anew whether this
 * customer may, and whether the service is active.
 */
class SitePanel extends Component
{
    private const QUESTIONS = ['reset', 'rollback', 'undo', 'delete-backup', 'remove-domain'];

    #[Locked]
    public Service $service;

    /** What is asked to be confirmed: one of QUESTIONS. */
    #[Locked]
    public ?string $asking = null;

    #[Locked]
    public ?string $askingAbout = null;

    /** The wish for the next backup. It stays until an answer came, so that pressing again makes no second one. */
    #[Locked]
    public string $backupWish = '';

    public string $hostname = '';

    public function mount(Service $service): void
    {
        $this->service = $service;
        $this->backupWish = Call::newKey();
        $this->authorise();
    }

    public function start(): void
    {
        $this->act(fn (Client $client, string $id) => $client->sites->start($id));
    }

    public function stop(): void
    {
        $this->act(fn (Client $client, string $id) => $client->sites->stop($id));
    }

    public function restart(): void
    {
        $this->act(fn (Client $client, string $id) => $client->sites->restart($id));
    }

    public function showSite(): void
    {
        $this->act(fn (Client $client, string $id) => $client->sites->setProxy($id, true));
    }

    public function hideSite(): void
    {
        $this->act(fn (Client $client, string $id) => $client->sites->setProxy($id, false));
    }

    public function login(): void
    {
        $this->act(function (Client $client, string $id): void {
            $this->redirect($client->sites->loginLink($id));
        }, '');
    }

    /** Sets up a site that was paid for and is not there: the order was lost, or its creation failed. */
    public function setUp(): void
    {
        $this->authorise();
        try {
            ExtensionHelper::callService($this->service, 'createServer');
            $this->notify($this->say('panel.accepted'));
        } catch (InvalidArgumentException) {
            $this->notify($this->say('panel.not_configured'), 'error');
        } catch (Exception $error) {
            // What the staff would read is not for the customer: the error beneath has the customer's sentence.
            $cause = $error->getPrevious();
            if (!$cause instanceof ProvisorException) {
                throw $error;
            }
            $this->notify($this->extension()->words()->error($cause), 'error');
        }
    }

    public function makeBackup(): void
    {
        $this->act(fn (Client $client, string $id) => $client->backups->create($id, $this->backupWish));
    }

    /** Asks first. Nothing is done until `confirm`. */
    public function ask(string $what, ?string $about = null): void
    {
        $this->authorise();
        if (in_array($what, self::QUESTIONS, true)) {
            $this->asking = $what;
            $this->askingAbout = $about;
        }
    }

    public function dismiss(): void
    {
        $this->authorise();
        $this->forget();
    }

    private function forget(): void
    {
        $this->asking = null;
        $this->askingAbout = null;
    }

    /** Does what was asked about, and nothing else: both are locked against the browser. */
    public function confirm(): void
    {
        $about = (string) $this->askingAbout;
        match ($this->asking) {
            'reset' => $this->act(fn (Client $client, string $id) => $client->sites->reset($id)),
            'rollback' => $this->act(fn (Client $client, string $id) => $client->backups->rollback($id, $about)),
            'undo' => $this->act(fn (Client $client, string $id) => $client->backups->rollback($id, 'safety')),
            'delete-backup' => $this->act(fn (Client $client, string $id) => $client->backups->delete($id, $about)),
            'remove-domain' => $this->act(fn (Client $client, string $id) => $client->domains->remove($id, $about)),
            default => null,
        };
        $this->forget();
    }

    public function addDomain(): void
    {
        $hostname = strtolower(trim($this->hostname));
        if ($hostname === '' || strlen($hostname) > 253 || preg_match('~[\s/]~', $hostname) === 1) {
            $this->notify($this->say('panel.hostname_wrong'), 'error');
            return;
        }
        $this->act(function (Client $client, string $id) use ($hostname): void {
            $client->domains->add($id, $hostname);
            $this->hostname = '';
        });
    }

    public function checkDomain(string $hostname): void
    {
        $this->act(fn (Client $client, string $id) => $client->domains->verify($id, $hostname), 'panel.checked');
    }

    public function render(): ViewContract
    {
        $this->authorise();
        $extension = $this->extension();
        try {
            $overview = new Overview($extension->client(), ProvisorSites::idOf($this->service), $extension->words());
        } catch (InvalidArgumentException) {
            $overview = null;
        }
        return View::make('provisor-sites::livewire.panel', [
            'overview' => $overview,
            'figures' => Figures::class,
            'words' => $extension->words(),
        ]);
    }

    /**
     * Every action goes through here.
     *
     * @param callable(Client, string): mixed $what
     * @param string $said key of the sentence for when it was accepted; none when empty
     */
    private function act(callable $what, string $said = 'panel.accepted'): void
    {
        $this->authorise();
        try {
            $what($this->extension()->client(), ProvisorSites::idOf($this->service));
        } catch (ProvisorException $error) {
            if (!$error->retryable) {
                $this->backupWish = Call::newKey();
            }
            $this->notify($this->extension()->words()->error($error), 'error');
            return;
        } catch (InvalidArgumentException) {
            $this->notify($this->say('panel.not_configured'), 'error');
            return;
        }
        $this->backupWish = Call::newKey();
        if ($said !== '') {
            $this->notify($this->say($said));
        }
    }

    /** 404 for whoever may not see the service, and while it is not active. */
    private function authorise(): void
    {
        Gate::authorize('view', $this->service);
        if ($this->service->status !== Service::STATUS_ACTIVE) {
            throw new NotFoundHttpException();
        }
    }

    private function extension(): ProvisorSites
    {
        $server = $this->service->product->server;
        return ExtensionHelper::getExtension('server', $server->extension, $server->settings);
    }

    private function say(string $key): string
    {
        return $this->extension()->words()->say($key);
    }
}
