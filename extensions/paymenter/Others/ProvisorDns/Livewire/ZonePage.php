<?php

declare(strict_types=1);

namespace Paymenter\Extensions\Others\ProvisorDns\Livewire;

use Illuminate\Contracts\View\View as ViewContract;
use Illuminate\Support\Facades\Response;
use Illuminate\Support\Facades\URL;
use Illuminate\Support\Facades\View;
use Livewire\Attributes\Locked;
use Paymenter\Extensions\Others\ProvisorDns\RecordForm;
use Provisor\Client\Call;
use Provisor\Client\Client;
use Provisor\Client\Exception\ApiError;
use Provisor\Client\Exception\UnexpectedAnswer;
use Provisor\Client\Exception\Unreachable;
use Provisor\Client\Model\Record;
use Provisor\Client\Model\Zone;
use Symfony\Component\HttpFoundation\StreamedResponse;
use Symfony\Component\HttpKernel\Exception\NotFoundHttpException;

/**
 * One zone: its records, and all that can be done with it. Another customer's zone
 * is 404, on the page and after every action.
 */
class ZonePage extends DnsPage
{
    /** Lines of a diff that are shown. */
    private const MOST_LINES = 300;

    #[Locked]
    public string $zone;

    /** What is open: `record`, `import`, `delete-record`, `delete-zone`, or nothing. */
    #[Locked]
    public string $open = '';

    /** The record that is edited, or asked about; empty for a new one. */
    #[Locked]
    public string $about = '';

    /** @var array<string, string> what is wrong, by field */
    #[Locked]
    public array $faults = [];

    public string $name = '';
    public string $type = 'A';
    public string $data = '';
    public string $ttl = '';
    public string $priority = '';
    public string $weight = '';
    public string $port = '';
    public string $flags = '';
    public string $tag = 'issue';

    public string $file = '';
    public string $mode = 'merge';

    /** Of the file and mode that were checked: nothing else is taken in. */
    #[Locked]
    public string $checked = '';

    /** The wish to take that file in. It stays until an answer came, so that pressing again does it once. */
    #[Locked]
    public string $importWish = '';

    /** @var list<string> */
    #[Locked]
    public array $diff = [];

    /** @var array<int, string> lines of the file that are passed over, or cannot be taken, and why */
    #[Locked]
    public array $lines = [];

    /** The name of the zone, typed to delete it. */
    public string $typed = '';

    public function mount(string $zone): void
    {
        $this->customer();
        $this->zone = $zone;
    }

    public function openRecord(string $record = ''): void
    {
        $this->act(function (Client $client, string $customer) use ($record): ?string {
            $found = $record === '' ? null : $client->records->list($customer, $this->zone)->find($record);
            if ($record !== '' && ($found === null || $found->serviceId !== null)) {
                return null;
            }
            $this->close();
            $this->reset('name', 'type', 'data', 'ttl', 'priority', 'weight', 'port', 'flags', 'tag');
            foreach ($found === null ? [] : RecordForm::wishOf($found) as $field => $value) {
                $this->$field = (string) $value;
            }
            $this->open = 'record';
            $this->about = $record;
            return null;
        });
    }

    public function saveRecord(): void
    {
        $this->faults = [];
        [$wish, $wrong] = RecordForm::read([
            'name' => $this->name,
            'type' => $this->type,
            'data' => $this->data,
            'ttl' => $this->ttl,
            'priority' => $this->priority,
            'weight' => $this->weight,
            'port' => $this->port,
            'flags' => $this->flags,
            'tag' => $this->tag,
        ]);
        if ($wrong !== []) {
            $this->customer();
            $this->faults = array_fill_keys($wrong, $this->say('zone.whole_number'));
            return;
        }
        $this->change(fn (Client $client, string $customer): Record => $this->about === ''
            ? $client->records->create($customer, $this->zone, $wish, self::WAIT)
            : $client->records->replace($customer, $this->zone, $this->about, $wish, self::WAIT));
    }

    /** Takes a record that was made behind our back for one that was asked for, or publishes one anew that is missing. */
    public function settle(string $record): void
    {
        $this->change(function (Client $client, string $customer) use ($record): ?Record {
            $found = $client->records->list($customer, $this->zone)->find($record);
            return $found === null
                ? null
                : $client->records->create($customer, $this->zone, RecordForm::wishOf($found), self::WAIT);
        });
    }

    public function askToDeleteRecord(string $record): void
    {
        $this->act(function () use ($record): ?string {
            $this->close();
            $this->open = 'delete-record';
            $this->about = $record;
            return null;
        });
    }

    public function deleteRecord(): void
    {
        if ($this->open === 'delete-record') {
            $record = $this->about;
            $this->change(fn (Client $client, string $customer): Record => $client->records->delete(
                $customer,
                $this->zone,
                $record,
                self::WAIT
            ));
        }
    }

    public function openImport(): void
    {
        $this->act(function (): ?string {
            $this->close();
            $this->open = 'import';
            return null;
        });
    }

    /** Asks what the file would change. */
    public function checkImport(): void
    {
        $this->reset('checked', 'diff', 'lines', 'faults');
        $this->act(function (Client $client, string $customer): ?string {
            $preview = $client->zones->previewImport($customer, $this->zone, $this->file, $this->mode);
            $this->checked = $this->fingerprint();
            $this->importWish = Call::newKey();
            $this->diff = $preview->diff;
            $this->lines = $preview->ignored;
            return null;
        }, fn (ApiError $error): bool => $this->explainImport($error));
    }

    /** Takes the file in that was checked, and no other. */
    public function takeImport(): void
    {
        if ($this->checked === '' || $this->checked !== $this->fingerprint()) {
            $this->checkImport();
            return;
        }
        $isTaken = $this->act(function (Client $client, string $customer): string {
            $import = $client->zones->import(
                $customer,
                $this->zone,
                $this->file,
                $this->mode,
                $this->importWish,
                self::WAIT
            );
            return $import->operation?->isUnderWay() === true ? 'zone.begun' : 'zone.imported';
        }, fn (ApiError $error): bool => $this->explainImport($error));
        if ($isTaken) {
            $this->close();
            $this->file = '';
        }
    }

    /** The zone file, as a download. */
    public function download(): ?StreamedResponse
    {
        $text = null;
        $this->act(function (Client $client, string $customer) use (&$text): ?string {
            $text = $client->zones->export($customer, $this->zone);
            return null;
        });
        if ($text === null) {
            return null;
        }
        $name = preg_replace('/[^a-z0-9.-]/', '_', strtolower($this->zone)) . '.zone';
        return Response::streamDownload(static function () use ($text): void {
            echo $text;
        }, $name, ['Content-Type' => 'text/dns']);
    }

    public function askToDeleteZone(): void
    {
        $this->act(function (): ?string {
            $this->close();
            $this->open = 'delete-zone';
            return null;
        });
    }

    /** Deletes the zone, once its name was typed. */
    public function deleteZone(): void
    {
        $this->faults = [];
        $this->act(function (Client $client, string $customer): ?string {
            $zone = $client->zones->get($customer, $this->zone);
            if ($this->open !== 'delete-zone') {
                return null;
            }
            if (!in_array(mb_strtolower(trim($this->typed)), [$zone->name, $zone->unicodeName], true)) {
                $this->faults = ['typed' => $this->say('zone.typed_wrong')];
                return null;
            }
            try {
                $client->zones->delete($customer, $this->zone, self::WAIT);
                $this->notify($this->say('zone.deleted'), 'success', true);
            } catch (Unreachable | UnexpectedAnswer $error) {
                // It may be done all the same: the list shows how it is.
                $this->notify($this->extension()->words()->error($error), 'error', true);
            }
            $this->redirect(URL::route('provisor-dns.zones'));
            return null;
        });
    }

    /** Closes whatever is open. */
    public function dismiss(): void
    {
        $this->customer();
        $this->close();
    }

    public function render(): ViewContract
    {
        [$zone, $problem] = $this->look($this->zoneOf(...));
        [$records, $gap] = $zone === null || !in_array($zone->state, ['active', 'deleting'], true)
            ? [null, '']
            : $this->look(fn (Client $client, string $customer) => $client->records->list($customer, $this->zone));
        return View::make('provisor-dns::zone', [
            'shown' => $zone,
            'problem' => $problem,
            'records' => $records,
            'gap' => $gap,
            'asked' => $records?->find($this->about),
            'isChecked' => $this->checked !== '' && $this->checked === $this->fingerprint(),
            'firstLines' => array_slice($this->diff, 0, self::MOST_LINES),
            'form' => RecordForm::class,
            'kind' => in_array($this->type, RecordForm::TYPES, true) ? $this->type : 'A',
            'words' => $this->extension()->words(),
            'back' => URL::route('provisor-dns.zones'),
        ])->layoutData(['title' => $zone->unicodeName ?? $this->say('zones.title'), 'sidebar' => true]);
    }

    /** @throws NotFoundHttpException for a zone that is not there, or another customer's */
    private function zoneOf(Client $client, string $customer): Zone
    {
        try {
            return $client->zones->get($customer, $this->zone);
        } catch (ApiError $error) {
            throw $error->code() === 'not_found' ? new NotFoundHttpException() : $error;
        }
    }

    /**
     * Changes a record, and closes what was open when that was accepted.
     *
     * @param callable(Client, string): ?Record $what
     */
    private function change(callable $what): void
    {
        $isDone = $this->act(static function (Client $client, string $customer) use ($what): string {
            return $what($client, $customer)?->operation?->isUnderWay() === true ? 'zone.begun' : 'zone.done';
        }, function (ApiError $error): bool {
            $this->faults = $this->open === 'record' ? RecordForm::faultsIn($error) : [];
            return $this->faults !== [];
        });
        if ($isDone) {
            $this->close();
        }
    }

    private function explainImport(ApiError $error): bool
    {
        $this->checked = '';
        if ($error->code() !== 'zone_file_invalid') {
            return false;
        }
        $this->faults = ['file' => $this->say('zone.file_wrong')];
        $this->lines = [];
        foreach ($error->details?->objects('problems') ?? [] as $problem) {
            $this->lines[$problem->int('line')] = $problem->string('message');
        }
        return true;
    }

    private function fingerprint(): string
    {
        return hash('sha256', "$this->mode\0$this->file");
    }

    private function close(): void
    {
        $this->reset('open', 'about', 'faults', 'checked', 'diff', 'lines', 'typed');
    }
}
