<section class="pvr-card">
    <div class="pvr-head">
        <div>
            <h3>
                @if ($site->url !== null && $site->state === 'active' && preg_match('~^https?://~', $site->url) === 1)
                    <a href="{{ $site->url }}" target="_blank" rel="noopener noreferrer">{{ $site->hostname }}</a>
                @else
                    {{ $site->hostname ?? $words->say('panel.title') }}
                @endif
            </h3>
            <p class="pvr-soft">{{ $words->say('panel.plan', ['plan' => $site->plan]) }} · {{ $site->publicIp }}</p>
        </div>
        <span class="pvr-state pvr-{{ $site->state }}">{{ $words->say("states.$site->state") }}</span>
    </div>

    @if ($site->isBusy())
        <div class="pvr-progress" aria-live="polite">
            <p>{{ $site->operation->message }} <span class="pvr-soft">{{ $site->operation->percent }} %</span></p>
            <div class="pvr-bar" role="progressbar" aria-label="{{ $site->operation->message }}" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{{ $site->operation->percent }}">
                <span style="width: {{ $site->operation->percent }}%"></span>
            </div>
        </div>
    @elseif ($site->operation?->hasFailed())
        <p class="pvr-note pvr-bad" role="alert">{{ $site->operation->errorMessage ?? $site->operation->message }}</p>
    @endif
    @if ($site->suspendedSince !== null)
        <p class="pvr-note">{{ $words->say('panel.suspended') }} {{ $site->suspensionReason }}</p>
    @endif

    @if ($site->state === 'failed')
        <button type="button" class="pvr-main" wire:click="setUp" wire:loading.attr="disabled">{{ $words->say('panel.set_up') }}</button>
    @endif

    @if ($overview->status !== null)
        <dl class="pvr-meters">
            @foreach ([
                'memory' => [$overview->status->memoryBytes, $overview->status->memoryLimitBytes],
                'disk' => [$overview->status->diskBytes, $overview->status->diskLimitBytes],
            ] as $name => [$used, $limit])
                <div>
                    <dt>{{ $words->say("panel.$name") }}</dt>
                    <dd>{{ $used === null ? $words->say('panel.unknown') : $figures::bytes($used) }} <span class="pvr-soft">/ {{ $figures::bytes($limit) }}</span></dd>
                    <div class="pvr-bar"><span style="width: {{ $figures::percent($used, $limit) }}%"></span></div>
                </div>
            @endforeach
            @if ($overview->status->cpu !== null)
                <div>
                    <dt>{{ $words->say('panel.cpu') }}</dt>
                    <dd>{{ (int) round(100 * $overview->status->cpu) }} %</dd>
                    <div class="pvr-bar"><span style="width: {{ min(100, max(0, (int) round(100 * $overview->status->cpu))) }}%"></span></div>
                </div>
            @endif
        </dl>
    @elseif (isset($overview->problems['status']))
        <p class="pvr-note">{{ $overview->problems['status'] }}</p>
    @endif

    @if (in_array($site->state, ['active', 'stopped'], true))
        <div class="pvr-row">
            @if ($site->state === 'active')
                <button type="button" class="pvr-main" wire:click="login" {{ $site->isBusy() ? 'disabled' : '' }}>{{ $words->say('panel.login') }}</button>
                <button type="button" wire:click="restart" wire:loading.attr="disabled" {{ $site->isBusy() ? 'disabled' : '' }}>{{ $words->say('panel.restart') }}</button>
                <button type="button" wire:click="stop" wire:loading.attr="disabled" {{ $site->isBusy() ? 'disabled' : '' }}>{{ $words->say('panel.stop') }}</button>
            @else
                <button type="button" class="pvr-main" wire:click="start" wire:loading.attr="disabled" {{ $site->isBusy() ? 'disabled' : '' }}>{{ $words->say('panel.start') }}</button>
            @endif
            <button type="button" class="pvr-quiet" wire:click="ask('reset')" {{ $site->isBusy() ? 'disabled' : '' }}>{{ $words->say('panel.reset') }}</button>
        </div>
        <div class="pvr-line">
            <span>{{ $words->say($site->proxyEnabled ? 'panel.proxy_on' : 'panel.proxy_off') }}</span>
            <button type="button" role="switch" aria-checked="{{ $site->proxyEnabled ? 'true' : 'false' }}" wire:click="{{ $site->proxyEnabled ? 'hideSite' : 'showSite' }}" wire:loading.attr="disabled" {{ $site->isBusy() ? 'disabled' : '' }}>{{ $words->say($site->proxyEnabled ? 'panel.hide' : 'panel.show') }}</button>
        </div>
    @endif
</section>
