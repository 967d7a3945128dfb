@if ($asking !== null)
    <section class="pvr-card pvr-ask" role="alertdialog" aria-labelledby="pvr-ask">
        <h3 id="pvr-ask">{{ $words->say("confirm.$asking.title", ['name' => (string) $askingAbout]) }}</h3>
        <p>{{ $words->say("confirm.$asking.text", ['name' => (string) $askingAbout]) }}</p>
        <div class="pvr-row">
            <button type="button" class="pvr-danger" wire:click="confirm" wire:loading.attr="disabled">{{ $words->say("confirm.$asking.yes") }}</button>
            <button type="button" wire:click="dismiss">{{ $words->say('confirm.no') }}</button>
        </div>
    </section>
@endif
