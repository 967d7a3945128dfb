<?php

declare(strict_types=1);

namespace Paymenter\Extensions\Servers\ProvisorSupport\Livewire;

use App\Helpers\ExtensionHelper;
use App\Livewire\Component;
use App\Models\Service;
use Illuminate\Contracts\View\View as ViewContract;
use Illuminate\Support\Facades\Gate;
use Illuminate\Support\Facades\View;
use InvalidArgumentException;
use Livewire\Attributes\Locked;
use Paymenter\Extensions\Servers\ProvisorSupport\ProvisorSupport;
use Provisor\Client\Exception\ProvisorException;
use Provisor\Client\Exception\Unreachable;
use Symfony\Component\HttpKernel\Exception\NotFoundHttpException;

/** The service view: the key and whether it is good. Every action asks anew whether this customer may. */
class SupportPanel extends Component
{
    #[Locked]
    public Service $service;

    /** Whether a new key is asked to be confirmed. */
    #[Locked]
    public bool $asking = false;

    public function mount(Service $service): void
    {
        $this->service = $service;
        $this->authorise();
    }

    /** Asks first: the old key is no longer good afterwards. */
    public function askForKey(): void
    {
        $this->authorise();
        $this->asking = true;
    }

    public function dismiss(): void
    {
        $this->authorise();
        $this->asking = false;
    }

    /** Gives out a new key, once it was asked about. */
    public function changeKey(): void
    {
        $this->authorise();
        if (!$this->asking) {
            return;
        }
        $this->asking = false;
        $extension = $this->extension();
        $id = ProvisorSupport::idOf($this->service);
        try {
            $desk = $extension->client()->support;
            try {
                $extension->remember($this->service, $desk->rotate($id));
                $this->notify($extension->words()->say('panel.changed'));
            } catch (Unreachable) {
                // It may have been done, so it is not asked for again: the key that holds by now is.
                $extension->remember($this->service, $desk->get($id));
                $this->notify($extension->words()->say('panel.change_unknown'), 'error');
            }
        } catch (ProvisorException $error) {
            $this->notify($extension->words()->error($error), 'error');
        } catch (InvalidArgumentException) {
            $this->notify($extension->words()->say('panel.not_configured'), 'error');
        }
    }

    public function render(): ViewContract
    {
        $this->authorise();
        $extension = $this->extension();
        $support = null;
        $problem = '';
        try {
            $support = $extension->client()->support->get(ProvisorSupport::idOf($this->service));
        } catch (ProvisorException $error) {
            $problem = $extension->words()->error($error);
        } catch (InvalidArgumentException) {
            $problem = $extension->words()->say('panel.not_configured');
        }
        return View::make('provisor-support::livewire.panel', [
            'support' => $support,
            'problem' => $problem,
            'product' => $this->service->product->name,
            'words' => $extension->words(),
        ]);
    }

    /** 404 for whoever may not see the service, and while it is not active. */
    private function authorise(): void
    {
        Gate::authorize('view', $this->service);
        if ($this->service->status !== Service::STATUS_ACTIVE) {
            throw new NotFoundHttpException();
        }
    }

    private function extension(): ProvisorSupport
    {
        $server = $this->service->product->server;
        return ExtensionHelper::getExtension('server', $server->extension, $server->settings);
    }
}
